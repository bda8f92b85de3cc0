/* Suggestions: follow what is written, and do not move under the pointer or the focus. What is newer waits behind
   "2 new". Each set has the id of the question that it answers; only the newest question's answer counts. */
import { ask, get, post, report } from "./api.js";
import { tell } from "./bus.js";
import { $, el, failed, marked, notify, say, t } from "./dom.js";

const WAIT_MS = 250;

export class Suggestions {
  constructor() {
    this.list = $("suggestions");
    this.newer = $("newer");
    this.chips = $("chips");
    this.items = [];
    this.refused = new Set();
    this.attached = new Set();
    this.waiting = null;
    this.setId = "";
    this.newer.addEventListener("click", () => this.showNewer());
    $("own").addEventListener("submit", (event) => { event.preventDefault(); this.own(); });
    $("own-words").addEventListener("input", () => { if (!$("own-words").value) this.ask(); });
    this.list.addEventListener("focusin", () => tell("focus", "answers"));
  }

  open(caseView, beside) {
    this.stop();
    Object.assign(this, { caseView, waiting: null, items: [], typed: "", setId: "" });
    this.refused = new Set(beside?.not_this ?? []);
    this.attached = new Set();
    $("own-words").value = "";
    this.newer.hidden = true;
    this.show([], []);
    this.ask();
  }

  stop() { clearTimeout(this.timer); this.request?.abort(); }

  /* What is being written now; asked for when the hand rests. */
  follow(text) {
    if (text === this.typed) return;
    this.typed = text;
    if ($("own-words").value) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  async ask() {
    this.stop();
    const request = (this.request = new AbortController());
    const begun = performance.now();
    try { this.arrive(await this.question(request.signal), performance.now() - begun); } catch (error) { failed(error); }
  }

  question(signal) {
    const view = this.caseView;
    if (!view) return Promise.resolve({ suggestions: [], most_used: [], similar: [], context: [], query_id: "" });
    if (!this.typed && view.number) return get(`/v1/cases/${view.number}/suggestions`, signal);
    const body = { subject: view.subject ?? "", description: [view.number ? view.description : "", this.typed].filter(Boolean).join("\n") };
    body.context = { product: view.product || null, version: view.product_version || null, os: view.os || null };
    if (view.customer_id) body.customer_id = view.customer_id;
    return ask("/v1/cases/suggest", { method: "POST", body, signal });
  }

  async own() {
    const words = $("own-words").value.trim();
    if (!words) return this.ask();
    this.stop();
    tell("focus", "searching");
    const view = this.caseView ?? {};
    const request = (this.request = new AbortController());
    try {
      const context = { product: view.product || null, version: view.product_version || null, os: view.os || null };
      const found = await ask("/v1/search", { method: "POST", signal: request.signal, body: { query: words, context, limit: 8, why: true, channel: "agent" } });
      const hits = found.no_answer ? [] : found.hits;
      this.arrive({ query_id: found.query_id, suggestions: hits.map((hit) => ({ hit, was_read: false })), most_used: [], similar: [], context: found.context }, 0, true);
      if (!hits.length) say(t("nothing_found"));
    } catch (error) { failed(error); }
  }

  arrive(found, took, force = false) {
    const items = [...found.suggestions.map((item, index) => ({ ...plain(item.hit), wasRead: item.was_read, rank: index + 1 })),
      ...found.most_used.map((item, index) => ({ article: item.article, number: item.number, title: item.title, url: item.url, used: item.uses, rank: index + 1 }))]
      .filter((item) => !this.refused.has(item.article));
    const set = { items, similar: found.similar, chips: found.context, setId: found.query_id, took };
    const fresh = items.filter((item) => !this.items.some((old) => old.article === item.article)).length;
    const isHeld = this.list.matches(":hover") || this.list.contains(document.activeElement);
    if (isHeld && this.items.length && !force) {
      this.waiting = set;
      this.newer.hidden = fresh === 0;
      this.newer.textContent = t("newer", { n: fresh });
      if (fresh === 0) this.setId = set.setId;
      return;
    }
    this.take(set);
  }

  showNewer() {
    if (this.waiting) this.take(this.waiting);
    this.focus(0);
  }

  take(set) {
    this.waiting = null;
    this.newer.hidden = true;
    this.setId = set.setId;
    const before = this.items.map((item) => item.article).join();
    this.items = set.items;
    this.list.dataset.setId = set.setId;
    if (before !== set.items.map((item) => item.article).join()) say(t("n_suggestions", { n: set.items.length }));
    this.show(set.similar, set.chips);
    tell("suggested", { items: this.items, setId: this.setId });
  }

  show(similar, chips) {
    this.list.replaceChildren(...this.items.map((item, index) => this.line(item, index)));
    $("no-suggestions").hidden = this.items.length > 0;
    $("similar-box").hidden = !similar?.length;
    $("similar").replaceChildren(...(similar ?? []).map((found) => el("li", {}, el("a", { href: `/desk/${found.number}`, textContent: `${found.number} ${found.subject}`, data: { open: found.number } }))));
    this.chips.replaceChildren(...(chips ?? []).map((chip) => this.chip(chip)));
  }

  chip(chip) {
    const isGuess = chip.source === "inferred";
    const label = isGuess ? t("chip_confirm", { what: chip.label }) : t("chip_remove", { what: chip.label });
    const run = () => tell("context", { axis: chip.axis, value: isGuess ? chip.value : "", chips: [...this.chips.children].map((child) => child.chip) });
    const made = el("button", { type: "button", className: `chip${isGuess ? " guess" : " on"}`, title: label, onclick: run, aria: { label } }, chip.label, el("span", { className: "x", textContent: isGuess ? "?" : "×", aria: { hidden: "true" } }));
    made.chip = chip;
    return el("li", {}, made);
  }

  line(item, index) {
    const shortcut = index < 5 ? `Alt+${index + 1}` : "";
    const attach = el("button", { type: "button", className: "button slim", textContent: t("attach"), data: { attach: index }, aria: { label: t("attach_this", { title: item.title }), keyshortcuts: shortcut }, onclick: () => this.attach(index) });
    const buttons = el("div", { className: "row" }, attach,
      el("button", { type: "button", className: "button quiet slim", textContent: t("peek"), data: { act: "peek" }, aria: { expanded: "false", label: t("peek_this", { title: item.title }) }, onclick: () => this.peek(index) }),
      el("button", { type: "button", className: "button quiet slim", textContent: t("not_this"), aria: { label: t("not_this_title", { title: item.title }) }, onclick: () => this.notThis(index) }),
      el("button", { type: "button", className: "button quiet slim", textContent: t("keep"), aria: { label: t("keep_this", { title: item.title }), haspopup: "dialog" }, onclick: () => tell("keep", item) }),
      el("button", { type: "button", className: "button quiet slim", textContent: t("flag"), aria: { label: t("flag_this", { title: item.title }), haspopup: "dialog" }, onclick: () => tell("flag", item) }),
      el("a", { className: "button quiet slim", href: `/workbench/articles/${encodeURIComponent(item.number)}/edit`, target: "_blank", rel: "noopener", textContent: t("fix"), aria: { label: t("fix_this", { title: item.title }) } }));
    const head = el("h3", {}, el("a", { href: item.url, target: "_blank", rel: "noopener", textContent: item.title }));
    const reasons = [item.wasRead ? t("was_read") : "", item.used ? t("used_times", { n: item.used }) : "", item.exact ? t("for_this") : "", ...(item.sets ?? []), ...(item.reasons ?? [])].filter(Boolean);
    const line = el("li", { className: "suggestion", tabIndex: index === 0 ? 0 : -1, draggable: true, data: { index, article: item.article }, aria: { label: `${index + 1}: ${item.title}` } },
      head, el("p", { className: "meta" }, el("span", { className: "badge", textContent: item.number }), ...(item.appliesTo ? [el("span", { textContent: item.appliesTo })] : []), ...(shortcut ? [el("kbd", { textContent: shortcut })] : [])));
    if (item.answer) line.append(el("p", { className: "answer", textContent: item.answer }));
    if (item.snippet) line.append(marked(el("p", { className: "passage" }), item.snippet.text, item.snippet.highlights));
    if (reasons.length) line.append(el("p", { className: "reasons", textContent: reasons.join(" · ") }));
    line.append(buttons, el("div", { className: "peek prose", hidden: true }));
    line.addEventListener("dragstart", (event) => { event.dataTransfer.setData("application/x-kb-article", JSON.stringify(item)); event.dataTransfer.setData("text/plain", item.title); event.dataTransfer.effectAllowed = "copy"; });
    line.addEventListener("keydown", (event) => this.onKey(event, index));
    return line;
  }

  onKey(event, index) {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const run = { ArrowDown: () => this.focus(index + 1), ArrowUp: () => this.focus(index - 1), Enter: () => this.attach(index), " ": () => this.peek(index), x: () => this.notThis(index), Delete: () => this.notThis(index),
      b: () => tell("keep", this.items[index]), f: () => tell("flag", this.items[index]) }[event.key];
    if (run) { event.preventDefault(); run(); }
  }

  focus(index) {
    const lines = [...this.list.children];
    const line = lines[Math.max(0, Math.min(index, lines.length - 1))];
    lines.forEach((other) => { other.tabIndex = other === line ? 0 : -1; });
    line?.focus();
  }

  attach(index) {
    const item = this.items[index];
    if (!item) return;
    tell("attach", { ...item, setId: this.setId });
  }

  async peek(index) {
    const line = this.list.children[index];
    const place = line?.querySelector(".peek");
    if (!place) return;
    place.hidden = !place.hidden;
    line.querySelector("[data-act=peek]").setAttribute("aria-expanded", String(!place.hidden));
    if (place.hidden || place.childElementCount) return;
    const item = this.items[index];
    const view = this.caseView ?? {};
    const context = new URLSearchParams(Object.entries({ product: view.product, version: view.product_version, os: view.os }).filter(([, value]) => value));
    try {
      const article = await get(`/v1/articles/${item.article}?${context}`);
      const wanted = article.sections.filter((section) => section.applies);
      const shown = wanted.filter((section) => section.anchor === item.anchor);
      for (const section of shown.length ? shown : wanted) {
        if (section.heading) place.append(el("h4", { textContent: section.heading }));
        place.insertAdjacentHTML("beforeend", section.html); /* cleaned by the service, as on the article's page */
      }
      say(t("peeked", { title: item.title }));
      report("view", { query_id: this.setId || null, article: item.article, rank: item.rank });
    } catch (error) { place.hidden = true; failed(error); }
  }

  async notThis(index) {
    const item = this.items[index];
    if (!item) return;
    this.refused.add(item.article);
    this.items = this.items.filter((other) => other !== item);
    this.list.children[index].remove();
    [...this.list.children].forEach((line, place) => { line.replaceWith(this.line(this.items[place], place)); });
    this.focus(index);
    const number = this.caseView?.number;
    if (!number) return;
    const tellIt = (isIt) => post(`/v1/desk/cases/${number}/not-this`, { article: item.article, query_id: this.setId || null, is_it: isIt });
    const back = () => { this.refused.delete(item.article); tellIt(true).catch(failed); this.ask(); };
    try { await tellIt(false); notify(t("was_not_this", { title: item.title }), "good", { label: t("undo"), run: back }); } catch (error) { failed(error); }
  }
}

function plain(hit) {
  const reasons = (hit.why ?? []).filter((reason) => reason.detail && reason.name !== "bookmark").map((reason) => reason.detail);
  return { article: hit.article, number: hit.number, title: hit.title, url: hit.url, revision: hit.revision, anchor: hit.snippet.anchor, answer: hit.short_answer, snippet: hit.snippet,
    appliesTo: hit.applies_to.join(", "), exact: hit.match === "exact" && hit.applies_to.length > 0, sets: hit.in_sets ?? [], reasons };
}

