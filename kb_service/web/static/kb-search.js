/* <kb-search server key product version os placeholder>: the knowledge base on any page.
   One module, no dependency; styles live in its shadow root. Emits "kb-answer" {query, query_id, article, url}
   when an answer is opened. Colours: --kb-accent, --kb-text, --kb-background, --kb-line, --kb-muted, --kb-font. */
const HERE = new URL(import.meta.url).origin;
const WAIT_MS = 150;
const WORDS = {}; /* filled by the service, from its catalogue of messages */
const CSS = `
:host { display: block; font: 1rem/1.5 var(--kb-font, inherit); color: var(--kb-text, #18202b); text-align: left;
  --accent: var(--kb-accent, #0b5cad); --line: var(--kb-line, #77828f); --back: var(--kb-background, #fff); --soft: var(--kb-muted, #535e6c); }
* { box-sizing: border-box; }
form { position: relative; margin: 0; }
.box { display: flex; border: 1.5px solid var(--line); border-radius: 10px; background: var(--back); }
.box:focus-within { outline: 3px solid var(--accent); outline-offset: 1px; }
input { flex: 1; min-width: 0; border: 0; background: none; font: inherit; color: inherit; padding: .65rem .9rem; outline: none; }
input::placeholder { color: var(--soft); opacity: 1; }
button { font: inherit; font-weight: 600; border: 0; border-radius: 7px; margin: 4px; padding: .35rem .9rem; min-height: 2.25rem; background: var(--accent); color: var(--kb-on-accent, #fff); cursor: pointer; }
:focus-visible:not(input) { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
[role=listbox] { position: absolute; z-index: 10; left: 0; right: 0; top: calc(100% + 4px); margin: 0; padding: .3rem; list-style: none; background: var(--back); border: 1px solid var(--line); border-radius: 10px; box-shadow: 0 8px 24px rgb(0 0 0 / 16%); }
[role=option] { padding: .5rem .7rem; border-radius: 6px; cursor: pointer; }
[role=option][aria-selected=true], [role=option]:hover { background: color-mix(in srgb, var(--accent) 12%, var(--back)); }
.status { color: var(--soft); font-size: .9rem; margin: .6rem 0 0; min-height: 1.4em; }
ol { list-style: none; padding: 0; margin: 0; }
ol li { padding: .9rem 0; border-top: 1px solid color-mix(in srgb, var(--line) 40%, transparent); }
ol a { color: var(--accent); font-weight: 600; text-underline-offset: .15em; }
p { margin: .25rem 0 0; } .meta { color: var(--soft); font-size: .85rem; }
mark { background: #fff0b3; color: #18202b; border-radius: 2px; }
[hidden] { display: none; }`;

const element = (tag, properties = {}, attributes = {}) => {
  const made = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const marked = (target, text, ranges, tag) => {
  let place = 0;
  for (const [start, end] of ranges ?? []) {
    if (start < place) continue;
    target.append(text.slice(place, start), element(tag, { textContent: text.slice(start, end) }));
    place = end;
  }
  target.append(text.slice(place));
  return target;
};

class KbSearch extends HTMLElement {
  static observedAttributes = ["placeholder"];

  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    this.items = [];
    this.active = -1;
    this.build(root);
  }

  build(root) {
    const combobox = { role: "combobox", "aria-label": WORDS.label, "aria-expanded": "false", "aria-controls": "list", "aria-autocomplete": "list" };
    this.input = element("input", { type: "search", autocomplete: "off", placeholder: this.getAttribute("placeholder") ?? WORDS.placeholder, maxLength: 2000 }, combobox);
    this.list = element("ul", { id: "list", hidden: true }, { role: "listbox", "aria-label": WORDS.list });
    this.status = element("p", { className: "status" }, { role: "status" });
    this.results = element("ol");
    const form = element("form", {}, { role: "search" });
    const box = element("div", { className: "box" });
    box.append(this.input, element("button", { textContent: WORDS.button }));
    form.append(box, this.list);
    root.append(form, this.status, this.results);
    form.addEventListener("submit", (event) => { event.preventDefault(); this.search(); });
    this.input.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.suggest(), WAIT_MS); });
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => { const option = event.target.closest("li"); if (option) this.pick(this.items[Number(option.dataset.index)]); });
    this.results.addEventListener("click", (event) => { const link = event.target.closest("a[data-index]"); if (link) this.tell(this.hits[Number(link.dataset.index)]); });
  }

  attributeChangedCallback(name, before, value) {
    if (this.input) this.input.placeholder = value ?? WORDS.placeholder;
  }

  get server() { return (this.getAttribute("server") || HERE).replace(/\/$/, ""); }

  async fetch(path, query, limit) {
    this.request?.abort();
    this.request = new AbortController();
    const params = new URLSearchParams({ query, limit });
    for (const name of ["product", "version", "os"]) if (this.getAttribute(name)) params.set(name, this.getAttribute(name));
    const key = this.getAttribute("key");
    const headers = key ? { Authorization: `Bearer ${key}` } : {};
    const answer = await fetch(`${this.server}${path}?${params}`, { signal: this.request.signal, headers, credentials: "omit" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  async suggest() {
    const query = this.input.value.trim();
    if (query.length < 2) return this.close();
    try {
      const found = await this.fetch("/v1/suggest", query, "6");
      this.queryId = found.query_id;
      this.open(found.suggestions);
    } catch { this.close(); }
  }

  open(items) {
    this.items = items;
    this.active = -1;
    this.list.replaceChildren(...items.map((item, index) => {
      const option = element("li", { id: `option-${index}` }, { role: "option", "aria-selected": "false", "data-index": index });
      return marked(option, item.title, item.highlights, "b");
    }));
    this.list.hidden = items.length === 0;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
  }

  close() {
    clearTimeout(this.timer);
    this.open([]);
    this.input.removeAttribute("aria-activedescendant");
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.items.length) {
      event.preventDefault();
      const size = this.items.length + 1;
      this.active = ((this.active + 1 + step + size) % size) - 1;
      [...this.list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === this.active)));
      if (this.active < 0) this.input.removeAttribute("aria-activedescendant");
      else this.input.setAttribute("aria-activedescendant", `option-${this.active}`);
    } else if (event.key === "Enter" && this.active >= 0) {
      event.preventDefault();
      this.pick(this.items[this.active]);
    } else if (event.key === "Escape") this.close();
  }

  pick(item) {
    this.input.value = item.title;
    this.close();
    this.search();
  }

  async search() {
    const query = this.input.value.trim();
    this.close();
    if (!query) return;
    this.status.textContent = WORDS.busy;
    try { this.show(await this.fetch("/v1/search", query, "5")); } catch (error) {
      if (error.name === "AbortError") return;
      this.results.replaceChildren();
      this.status.textContent = WORDS.failed;
    }
  }

  show(found) {
    this.hits = found.hits;
    this.query = found.query;
    this.queryId = found.query_id;
    this.status.textContent = found.no_answer ? (found.hits.length ? WORDS.nearest : WORDS.none) : (found.total === 1 ? WORDS.found_one : WORDS.found_many.replace("{n}", found.total));
    this.results.replaceChildren(...found.hits.map((hit, index) => this.item(hit, index)));
  }

  item(hit, index) {
    const line = element("li");
    const link = element("a", { href: `${this.server}${hit.url}?${new URLSearchParams({ q: this.query, from: this.queryId })}`, textContent: hit.title }, { "data-index": index });
    if (!this.server.startsWith(location.origin)) Object.assign(link, { target: "_blank", rel: "noopener" });
    line.append(link, element("p", { className: "meta", textContent: hit.applies_to.join(", ") }));
    line.append(marked(element("p"), hit.snippet.text, hit.snippet.highlights, "mark"));
    return line;
  }

  tell(hit) {
    const detail = { query: this.query, query_id: this.queryId, article: hit.number, url: this.server + hit.url };
    this.dispatchEvent(new CustomEvent("kb-answer", { detail, bubbles: true, composed: true }));
  }
}

customElements.define("kb-search", KbSearch);
