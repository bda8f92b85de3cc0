/* <kb-combobox>: type-ahead over a search input (WAI-ARIA 1.2 combobox, list autocomplete, manual selection). */
const WAIT_MS = 120;
let made = 0;

class Combobox extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[name=query]");
    if (!this.input || this.list) return;
    this.items = [];
    this.active = -1;
    this.build(`suggest-${++made}`);
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
  }

  build(id) {
    this.list = Object.assign(document.createElement("ul"), { id, className: "suggestions", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", this.dataset.listLabel);
    this.status = Object.assign(document.createElement("div"), { className: "visually-hidden" });
    this.status.setAttribute("role", "status");
    this.append(this.list, this.status);
    const attributes = { role: "combobox", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list", "aria-haspopup": "listbox" };
    for (const [name, value] of Object.entries(attributes)) this.input.setAttribute(name, value);
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("li");
      if (option) this.follow(this.items[Number(option.dataset.index)]);
    });
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    const query = this.input.value.trim();
    this.request?.abort();
    if (query.length < 2 || query.length > 200) return this.close();
    this.request = new AbortController();
    const params = new URLSearchParams({ query, limit: "7" });
    for (const name of ["product", "version", "os"]) {
      const value = this.input.form?.elements[name]?.value;
      if (value && value !== "unknown") params.set(name, value);
    }
    try {
      const answer = await fetch(`/v1/suggest?${params}`, { signal: this.request.signal });
      if (answer.ok && document.activeElement === this.input) this.show((await answer.json()).suggestions, query);
    } catch { /* type-ahead is a help; the search works without it */ }
  }

  show(items, query) {
    this.items = items;
    this.query = query;
    this.active = -1;
    this.list.replaceChildren(...items.map((item, index) => this.option(item, index)));
    const isOpen = items.length > 0;
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
    this.input.removeAttribute("aria-activedescendant");
    this.status.textContent = isOpen ? this.dataset.some.replace("{n}", items.length) : this.dataset.none;
  }

  option(item, index) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${index}`;
    option.dataset.index = index;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const title = document.createElement("span");
    let place = 0;
    for (const [start, end] of item.highlights ?? []) {
      title.append(item.title.slice(place, start));
      title.append(Object.assign(document.createElement("b"), { textContent: item.title.slice(start, end) }));
      place = end;
    }
    title.append(item.title.slice(place));
    option.append(title);
    return option;
  }

  onKey(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && !this.list.hidden) {
      event.preventDefault();
      this.mark((this.active + moves[event.key] + this.items.length + 1) % (this.items.length + 1));
    } else if (event.key === "Enter" && this.active >= 0 && !this.list.hidden) {
      event.preventDefault();
      this.follow(this.items[this.active]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    }
  }

  /* One place behind the last is "nothing marked", as is -1. */
  mark(index) {
    this.active = index === this.items.length ? -1 : index;
    [...this.list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === this.active)));
    const option = this.list.children[this.active];
    if (option) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  follow(item) {
    if (item) location.assign(`${item.url}?${new URLSearchParams({ q: this.query })}`);
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

customElements.define("kb-combobox", Combobox);
