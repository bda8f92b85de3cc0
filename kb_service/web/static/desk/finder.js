/* One search for cases, customers and articles: a combobox (WAI-ARIA APG), results in three groups. */
import { get } from "./api.js";
import { tell } from "./bus.js";
import { $, el, say, t } from "./dom.js";

export class Finder {
  constructor() {
    this.input = $("find");
    this.list = $("found");
    this.active = -1;
    this.input.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.ask(), 200); });
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => { const option = event.target.closest("[role=option]"); if (option) this.pick(option); });
  }

  async ask() {
    const query = this.input.value.trim();
    this.request?.abort();
    if (query.length < 2) return this.close();
    const request = (this.request = new AbortController());
    try {
      const found = await get(`/v1/desk/find?${new URLSearchParams({ query })}`, request.signal);
      this.show(found);
    } catch { /* the next letter asks again */ }
  }

  show(found) {
    const option = (kind, value, words, more) => el("li", { id: `found-${kind}-${value}`, data: { kind, value }, aria: { role: "option", selected: "false" } }, el("span", { textContent: words }), el("small", { textContent: more }));
    const groups = [
      ["found_cases", found.cases.map((item) => option("case", item.number, item.subject, [item.number, item.customer_name, t(`status_${item.status}`)].filter(Boolean).join(" · ")))],
      ["found_customers", found.customers.map((item) => option("customer", item.id, item.name, [item.address, item.organisation].filter(Boolean).join(" · ")))],
      ["found_articles", found.articles.map((item) => Object.assign(option("article", item.article, item.title, item.number), { item }))],
    ].filter(([, options]) => options.length);
    this.list.replaceChildren(...groups.flatMap(([key, options]) => [el("li", { className: "group", textContent: t(key), aria: { role: "presentation" } }), ...options]));
    this.options = [...this.list.querySelectorAll("[role=option]")];
    this.active = -1;
    this.list.hidden = this.options.length === 0;
    this.input.setAttribute("aria-expanded", String(this.options.length > 0));
    say(t("n_found", { n: this.options.length }));
  }

  close() { this.list.hidden = true; this.options = []; this.active = -1; this.input.setAttribute("aria-expanded", "false"); this.input.removeAttribute("aria-activedescendant"); }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.options?.length) {
      event.preventDefault();
      this.active = (this.active + step + this.options.length) % this.options.length;
      this.options.forEach((option, index) => option.setAttribute("aria-selected", String(index === this.active)));
      this.input.setAttribute("aria-activedescendant", this.options[this.active].id);
      this.options[this.active].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      const option = this.options?.[Math.max(0, this.active)];
      if (option) this.pick(option); else this.ask();
    } else if (event.key === "Escape") this.close();
  }

  pick(option) {
    const { kind, value } = option.dataset;
    this.close();
    this.input.value = "";
    if (kind === "case") tell("open", value);
    else if (kind === "customer") tell("new-case", { customer_id: Number(value), name: option.firstChild.textContent });
    else tell("attach", { ...option.item, setId: "" });
  }
}
