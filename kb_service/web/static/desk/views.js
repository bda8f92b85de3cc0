/* The views with their counts and the list of cases: choose many, change them at once, open one, go to the next. */
import { ask, get, post } from "./api.js";
import { hear, tell } from "./bus.js";
import { $, el, failed, keep, kept, notify, say, t, when } from "./dom.js";

export class Views {
  constructor(desk, items) {
    this.list = $("cases");
    this.key = kept("view", "mine");
    this.chosen = new Set();
    this.desk = desk;
    this.items = items;
    $("bulk").addEventListener("submit", (event) => { event.preventDefault(); this.bulk(); });
    $("save-view").addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
    $("away").addEventListener("click", () => this.away());
    hear("changed", () => this.later());
    hear("case-opened", (view) => { this.current = view?.number ?? ""; this.mark(); });
    this.showViews();
    this.showCases();
    this.people();
  }

  later() { clearTimeout(this.timer); this.timer = setTimeout(() => this.refresh(), 400); }

  async refresh() {
    try {
      const [desk, found] = await Promise.all([get("/v1/desk"), get(`/v1/desk/views/${this.key}`)]);
      this.desk = desk;
      this.items = found.items;
      this.showViews();
      this.showCases();
      this.people();
    } catch (error) {
      if (error.status === 404 && this.key !== "mine") { this.key = "mine"; keep("view", "mine"); this.refresh(); } else failed(error);
    }
  }

  async choose(key) {
    this.key = key;
    keep("view", key);
    this.chosen.clear();
    await this.refresh();
    say(t("view_shown", { name: this.nameOf(key), n: this.items.length }));
  }

  nameOf(key) { return this.desk.views.find((view) => view.key === key)?.name || t(`view_${key}`); }

  showViews() {
    $("views").replaceChildren(...this.desk.views.map((view) => {
      const open = el("button", { type: "button", className: "view", aria: view.key === this.key ? { current: "true" } : {}, data: { view: view.key }, onclick: () => this.choose(view.key) },
        el("span", { textContent: view.name || t(`view_${view.key}`) }), el("span", { className: "count", textContent: view.count }));
      const line = el("li", {}, open);
      if (view.id) line.append(el("button", { type: "button", className: "x-button", textContent: "×", aria: { label: t("remove_view", { name: view.name }) }, onclick: () => ask(`/v1/desk/views/${view.id}`, { method: "DELETE" }).then(() => this.choose("mine")).catch(failed) }));
      return line;
    }));
    $("away").textContent = t(this.desk.is_away ? "away" : "present");
    $("away").setAttribute("aria-pressed", String(this.desk.is_away));
    $("calls").hidden = this.desk.mentions.length === 0;
    $("calls-list").replaceChildren(...this.desk.mentions.map((call) => el("li", {}, el("a", { href: `/desk/${call.case}`, data: { open: call.case }, textContent: t("called_by", { name: call.by_name, subject: call.subject }) }))));
  }

  people() {
    for (const select of document.querySelectorAll("select[data-people]")) {
      const value = select.value;
      select.replaceChildren(...[...select.querySelectorAll("option[data-fixed]")], ...this.desk.colleagues.map((person) => el("option", { value: person.id, textContent: person.name + (person.is_away ? ` (${t("away")})` : "") })));
      select.value = value;
    }
    tell("people", this.desk.colleagues);
  }

  showCases() {
    $("view-name").textContent = this.nameOf(this.key);
    $("no-cases").hidden = this.items.length > 0;
    const isInside = this.list.contains(document.activeElement);
    const focused = document.activeElement?.closest?.("[data-case]")?.dataset.case;
    this.list.replaceChildren(...this.items.map((item, index) => this.line(item, index)));
    if (isInside) this.list.querySelector(`[data-case="${focused}"] a`)?.focus();
    this.showBulk();
    this.mark();
  }

  line(item, index) {
    const box = el("input", { type: "checkbox", checked: this.chosen.has(item.number), aria: { label: t("choose", { number: item.number }) }, onchange: () => { this.chosen[box.checked ? "add" : "delete"](item.number); this.showBulk(); } });
    const link = el("a", { href: `/desk/${item.number}`, data: { open: item.number }, className: "case-link" }, el("strong", { textContent: item.subject }),
      el("span", { className: "meta" }, el("span", { textContent: item.number }), el("span", { textContent: item.customer_name || t("no_customer") }), el("span", { className: `badge status-${item.status}`, textContent: t(`status_${item.status}`) }),
        ...(item.last_from === "in" ? [el("span", { className: "badge warn", textContent: t("customer_spoke") })] : []), ...(item.due_at ? [el("span", { className: new Date(item.due_at) < Date.now() ? "late" : "", textContent: t("due", { when: when(item.due_at) }) })] : []),
        ...(item.assignee_name ? [el("span", { textContent: item.assignee_name })] : [])));
    return el("li", { data: { case: item.number, index } }, box, link);
  }

  mark() {
    for (const line of this.list.children) {
      const link = line.querySelector("a");
      if (line.dataset.case === this.current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  }

  next() {
    const place = this.items.findIndex((item) => item.number === this.current);
    const item = this.items[place + 1] ?? this.items.find((other) => other.number !== this.current);
    if (item) tell("open", item.number); else notify(t("no_next"));
  }

  showBulk() {
    $("bulk").hidden = this.chosen.size === 0;
    $("bulk-count").textContent = t("chosen", { n: this.chosen.size });
  }

  async bulk() {
    const form = $("bulk");
    const body = { cases: [...this.chosen] };
    if (form.assignee.value !== "") body.assignee_id = Number(form.assignee.value);
    if (form.status.value) body.status = form.status.value;
    if (form.tag.value.trim()) body.add_tags = [form.tag.value.trim()];
    try {
      const found = await post("/v1/desk/bulk", body);
      this.chosen = new Set(found.refused.map((item) => item.case));
      notify(found.refused.length ? t("bulk_refused", { n: found.refused.length, why: found.refused[0].detail }) : t("bulk_done", { n: found.done.length }), found.refused.length ? "bad" : "good");
      form.reset();
      this.refresh();
    } catch (error) { failed(error); }
  }

  async save() {
    const form = $("save-view");
    const wanted = {};
    if (form.wanted_status.value) wanted.status = form.wanted_status.value;
    if (form.words.value.trim()) wanted.words = form.words.value.trim();
    if (form.wanted_tag.value.trim()) wanted.tag = form.wanted_tag.value.trim();
    if (form.wanted_assignee.value !== "") wanted.assignee_id = Number(form.wanted_assignee.value);
    try {
      const view = await post("/v1/desk/views", { name: form.view_name.value.trim(), wanted });
      form.reset();
      form.closest("details").open = false;
      this.choose(view.key);
    } catch (error) { failed(error); }
  }

  async away() {
    try { this.desk = await ask("/v1/desk/me", { method: "PUT", body: { is_away: !this.desk.is_away } }); this.showViews(); this.people(); say(t(this.desk.is_away ? "away" : "present")); } catch (error) { failed(error); }
  }
}
