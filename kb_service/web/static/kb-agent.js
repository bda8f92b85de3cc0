/* <kb-agent server token-url channel text product version os case>: answers for an agent inside any desk.
   The host's own server fetches a short-lived token (POST /v1/widget-tokens) and gives it at token-url as {"token": "…"};
   or the page sets element.token, or element.getToken, an async function. What the case says comes by attributes, or from the same origin by
   postMessage({type: "kb-agent:context", text, product, version, os, case}). With case, what is attached or captured is linked to it.
   Events out (bubbling): kb-attached, kb-sent, kb-copied, kb-solved, kb-flagged, each with {article, number, title, url, text, query_id}. */
const HERE = new URL(import.meta.url).origin;
const WAIT_MS = 300;
const WORDS = {}; /* filled by the service, from its catalogue of messages */
const CSS = `
:host { display: block; font: .95rem/1.5 var(--kb-font, inherit); color: var(--text); text-align: left;
  --accent: var(--kb-accent, #0b5cad); --on: var(--kb-on-accent, #fff); --text: var(--kb-text, #18202b); --line: var(--kb-line, #77828f); --back: var(--kb-background, #fff); --soft: var(--kb-muted, #535e6c); }
* { box-sizing: border-box; text-transform: none; }
form, .row { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0 0 .5rem; } form.over { display: grid; border: 1px solid var(--line); border-radius: 10px; padding: .6rem; background: var(--back); }
input, textarea { flex: 1; min-width: 8rem; font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 8px; padding: .35rem .6rem; } textarea { min-height: 5rem; }
button { font: inherit; font-size: .88rem; font-weight: 600; min-height: 2rem; padding: .15rem .65rem; border: 1px solid var(--line); border-radius: 8px; background: var(--back); color: var(--accent); cursor: pointer; }
button.main { background: var(--accent); color: var(--on); border-color: transparent; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
ol { list-style: none; margin: 0; padding: 0; } li { border: 1px solid color-mix(in srgb, var(--line) 45%, transparent); border-radius: 10px; padding: .6rem .75rem; margin-bottom: .5rem; background: var(--back); color: var(--text); }
h3 { font-size: 1rem; line-height: 1.3; margin: 0 0 .2rem; font-weight: 650; } p { margin: 0 0 .3rem; } .meta, .status { color: var(--soft); font-size: .85rem; } .status { min-height: 1.3em; }
mark { background: #fff0b3; color: #18202b; border-radius: 2px; } .peek { border-top: 1px solid color-mix(in srgb, var(--line) 45%, transparent); padding-top: .4rem; } .peek img { max-width: 100%; } [hidden] { display: none !important; }`;

const el = (tag, properties = {}, attributes = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};
const w = (key, values = {}) => (WORDS[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const marked = (target, text, ranges) => {
  let place = 0;
  for (const [start, end] of ranges ?? []) {
    if (start < place) continue;
    target.append(text.slice(place, start), el("mark", { textContent: text.slice(start, end) }));
    place = end;
  }
  target.append(text.slice(place));
  return target;
};

class KbAgent extends HTMLElement {
  static observedAttributes = ["text", "product", "version", "os", "case"];

  connectedCallback() {
    if (!this.shadowRoot) this.build(this.attachShadow({ mode: "open" }));
    this.onMessage = (event) => this.hear(event);
    addEventListener("message", this.onMessage);
    this.later();
  }

  disconnectedCallback() { removeEventListener("message", this.onMessage); clearTimeout(this.timer); this.request?.abort(); }
  attributeChangedCallback() { if (this.list) this.later(); }

  build(root) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    this.items = [];
    this.words = el("input", { type: "search", placeholder: w("own"), maxLength: 2000 }, { "aria-label": w("own") });
    const form = el("form", {}, { role: "search" }, this.words, el("button", { className: "main", textContent: w("search") }));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.ask(true); });
    this.status = el("p", { className: "status" }, { role: "status" });
    this.newer = el("button", { type: "button", hidden: true, textContent: w("newer") });
    this.newer.addEventListener("click", () => this.show(this.waiting));
    this.list = el("ol", {}, { "aria-label": w("list") });
    this.over = el("div");
    const capture = el("button", { type: "button", textContent: w("capture") });
    capture.addEventListener("click", () => this.openCapture());
    root.append(form, this.newer, this.status, this.list, this.over, capture);
  }

  /* Only the page itself, or the origins that the page names, may say what the case is. */
  hear(event) {
    const allowed = [location.origin, ...(this.getAttribute("origins") ?? "").split(/\s+/)];
    const data = event.data;
    if (!allowed.includes(event.origin) || typeof data?.type !== "string" || !data.type.startsWith("kb-agent:")) return;
    if (data.type === "kb-agent:context") for (const name of ["text", "product", "version", "os", "case"]) { if (name in data) this.setAttribute(name, data[name] ?? ""); }
    if (data.type === "kb-agent:sent") this.sent(data.article);
  }

  get server() { return (this.getAttribute("server") || HERE).replace(/\/$/, ""); }

  async fetchToken(again = false) {
    if (this.token && !again) return this.token;
    if (this.getToken) { this.token = await this.getToken(); return this.token; }
    const url = this.getAttribute("token-url");
    if (!url) throw Object.assign(new Error(w("signed_out")), { status: 401 });
    const answer = await fetch(url, { method: "POST", credentials: "same-origin" });
    if (!answer.ok) throw Object.assign(new Error(w("signed_out")), { status: 401 });
    this.token = (await answer.json()).token;
    return this.token;
  }

  async call(path, body, signal, again = false) {
    const token = await this.fetchToken(again);
    const headers = { Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": "application/json" } : {}) };
    const answer = await fetch(this.server + path, { method: body ? "POST" : "GET", headers, credentials: "omit", signal, body: body ? JSON.stringify(body) : undefined });
    if (answer.status === 401 && !again && (this.getToken || this.getAttribute("token-url"))) return this.call(path, body, signal, true);
    if (!answer.ok) throw Object.assign(new Error((await answer.json().catch(() => ({}))).detail ?? w("failed")), { status: answer.status });
    return answer.json();
  }

  context() { return Object.fromEntries(["product", "version", "os"].filter((name) => this.getAttribute(name)).map((name) => [name, this.getAttribute(name)])); }
  later() { clearTimeout(this.timer); this.timer = setTimeout(() => this.ask(), WAIT_MS); }

  async ask(isOwn = false) {
    this.request?.abort();
    const request = (this.request = new AbortController());
    const words = this.words.value.trim();
    if (!isOwn && words) return;
    try {
      const found = isOwn && words
        ? await this.call("/v1/search", { query: words, context: this.context(), limit: 6, why: true, channel: "widget" }, request.signal)
        : await this.call("/v1/cases/suggest", { description: this.getAttribute("text") ?? "", context: this.context() }, request.signal);
      const hits = found.suggestions ? found.suggestions.map((item) => item.hit) : found.no_answer ? [] : found.hits;
      const used = (found.most_used ?? []).map((item) => ({ ...item, applies_to: [], snippet: { text: "", highlights: [] } }));
      const set = { id: found.query_id, hits: hits.length ? hits : used };
      const isHeld = !isOwn && this.items.length && (this.list.matches(":hover") || this.list.contains(this.shadowRoot.activeElement));
      this.waiting = set;
      if (isHeld) this.newer.hidden = false; else this.show(set);
    } catch (error) { if (error.name !== "AbortError") this.status.textContent = error.message; }
  }

  show(set) {
    this.newer.hidden = true;
    this.setId = set.id;
    this.items = set.hits;
    this.list.replaceChildren(...set.hits.map((hit, index) => this.line(hit, index + 1)));
    this.status.textContent = set.hits.length ? w("found", { n: set.hits.length }) : w("none");
  }

  line(hit, rank) {
    const peek = el("div", { className: "peek", hidden: true });
    const button = (key, run, className = "") => {
      const made = el("button", { type: "button", textContent: w(key), className }, { "aria-label": `${w(key)}: ${hit.title}` });
      made.addEventListener("click", () => run(made));
      return made;
    };
    const row = el("div", { className: "row" }, {}, button("attach", () => this.attach(hit, rank), "main"), button("copy", () => this.copy(hit, rank)), button("peek", (made) => this.peek(hit, peek, made)), button("solved", () => this.solved(hit, rank)), button("keep", () => this.keep(hit)), button("flag", () => this.openFlag(hit)));
    const reasons = [...(hit.in_sets ?? []), ...(hit.why ?? []).filter((reason) => reason.detail && reason.name !== "bookmark").map((reason) => reason.detail)];
    return el("li", {}, {}, el("h3", { textContent: hit.title }), el("p", { className: "meta", textContent: [hit.number, ...hit.applies_to, ...reasons].join(" · ") }), marked(el("p"), hit.short_answer || hit.snippet.text, hit.short_answer ? [] : hit.snippet.highlights), row, peek);
  }

  /* The article in the form of the host's channel: e-mail unless it says otherwise. */
  async form(hit) {
    const wanted = this.getAttribute("channel") || "email";
    const channel = wanted === "email" ? "email_text" : wanted;
    const params = new URLSearchParams({ channel, ...this.context() });
    const found = await this.call(`/v1/articles/${hit.number}/renderings?${params}`);
    return found.forms[0]?.text ?? `${hit.title}\n${this.server}${hit.url}`;
  }

  detail(hit, text = "") { return { article: hit.article, number: hit.number, title: hit.title, url: this.server + hit.url, text, query_id: this.setId || null }; }
  tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true })); }
  report(action, hit, rank, more = {}) { this.call("/v1/events", { action, query_id: this.setId || null, article: hit.article, ...(rank ? { rank } : {}), channel: "widget", attributes: more }).catch(() => {}); }

  async attach(hit, rank) {
    try {
      this.tell("kb-attached", this.detail(hit, await this.form(hit)));
      this.status.textContent = w("attached", { title: hit.title });
      this.report("copied", hit, rank, { use: "attached" });
      await this.link(hit.number, { query_id: this.setId || null, rank });
    } catch (error) { this.status.textContent = error.message; }
  }

  /* `case` names one of our cases: what is attached or captured for it is linked to it. */
  async link(article, found = {}) {
    const number = this.getAttribute("case");
    if (number) await this.call(`/v1/cases/${encodeURIComponent(number)}/articles`, { article, ...found });
  }

  async copy(hit, rank) {
    try {
      const text = await this.form(hit);
      await navigator.clipboard?.writeText(text).catch(() => {});
      this.tell("kb-copied", this.detail(hit, text));
      this.status.textContent = w("copied");
      this.report("copied", hit, rank, { use: "copied" });
    } catch (error) { this.status.textContent = error.message; }
  }

  solved(hit, rank) { this.report("solved", hit, rank); this.tell("kb-solved", this.detail(hit)); this.status.textContent = w("was_solved"); }

  /* The host says that what was attached has left. */
  sent(number) {
    const hit = this.items.find((item) => item.number === number || item.article === number);
    if (!hit) return;
    this.report("copied", hit, null, { use: "sent" });
    this.tell("kb-sent", this.detail(hit));
  }

  async peek(hit, place, button) {
    place.hidden = !place.hidden;
    button.setAttribute("aria-expanded", String(!place.hidden));
    if (place.hidden || place.childElementCount) return;
    try {
      const article = await this.call(`/v1/articles/${hit.number}?${new URLSearchParams(this.context())}`);
      for (const section of article.sections.filter((part) => part.applies)) {
        if (section.heading) place.append(el("h3", { textContent: section.heading }));
        place.insertAdjacentHTML("beforeend", section.html); /* cleaned by the service */
      }
      for (const link of place.querySelectorAll("a[href^='/']")) Object.assign(link, { href: this.server + link.getAttribute("href"), target: "_blank", rel: "noopener" });
      for (const image of place.querySelectorAll("img[src^='/']")) image.src = this.server + image.getAttribute("src");
    } catch (error) { this.status.textContent = error.message; }
  }

  async keep(hit) {
    try {
      const set = (await this.call("/v1/bookmarks/sets")).items.find((found) => found.may_change);
      if (!set) { this.status.textContent = w("no_set"); return; }
      await this.call(`/v1/bookmarks/sets/${set.id}/articles`, { article: hit.number });
      this.status.textContent = w("kept", { name: set.name });
    } catch (error) { this.status.textContent = error.message; }
  }

  overlay(title, fields, run) {
    const inputs = fields.map(([name, label, tag, value]) => el(tag, { name, placeholder: label, value: value ?? "", required: true }, { "aria-label": label }));
    const cancel = el("button", { type: "button", textContent: w("cancel") });
    const form = el("form", { className: "over" }, { "aria-label": title }, el("h3", { textContent: title }), ...inputs, el("div", { className: "row" }, {}, el("button", { className: "main", textContent: w("send") }), cancel));
    const close = () => this.over.replaceChildren();
    cancel.addEventListener("click", close);
    form.addEventListener("submit", async (event) => { event.preventDefault(); try { await run(...inputs.map((input) => input.value.trim())); close(); } catch (error) { this.status.textContent = error.message; } });
    this.over.replaceChildren(form);
    inputs[0].focus();
  }

  openFlag(hit) {
    this.overlay(w("flag_ask", { title: hit.title }), [["words", w("flag_ask", { title: hit.title }), "input"]], async (words) => {
      await this.call(`/v1/articles/${hit.number}/flag`, { reason: "other", words });
      this.tell("kb-flagged", this.detail(hit, words));
      this.status.textContent = w("flagged");
    });
  }

  openCapture() {
    this.overlay(w("capture"), [["title", w("capture_title"), "input", (this.getAttribute("text") ?? "").split("\n")[0].slice(0, 150)], ["resolution", w("capture_resolution"), "textarea"]], async (title, resolution) => {
      const context = this.context();
      const applies = context.product ? [{ product: context.product, ...(context.version ? { versions: context.version } : {}), ...(context.os ? { os: context.os } : {}) }] : [];
      const made = await this.call("/v1/articles", { title, issue: this.getAttribute("text") ?? "", resolution, audience: ["agent"], confidence: "work_in_progress", applies_to: applies });
      await this.link(made.number);
      this.status.textContent = w("captured", { number: made.number });
    });
  }
}

customElements.define("kb-agent", KbAgent);
