/* The composer: a public reply or a note, told apart by colour, label and button; what is attached; drafts that survive;
   hints and coverage, said once and never in the way; five seconds to take a reply back. */
import { ask, fresh, get, post, report } from "./api.js";
import { hear, tell } from "./bus.js";
import { coverageOf, hintsOf } from "./hints.js";
import { $, el, failed, keep, kept, notify, say, t } from "./dom.js";

const USES = ["link", "passage", "rendering"];

export class Composer {
  constructor() {
    this.form = $("composer");
    this.text = $("reply");
    this.attached = [];
    this.people = [];
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("focus", () => tell("focus", "replying"));
    for (const radio of this.form.mode) radio.addEventListener("change", () => this.setMode(radio.value));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.send(event.submitter?.value ?? "waiting_customer"); });
    this.form.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("application/x-kb-article")) { event.preventDefault(); this.form.classList.add("dropping"); } });
    this.form.addEventListener("dragleave", () => this.form.classList.remove("dropping"));
    this.form.addEventListener("drop", (event) => this.drop(event));
    $("take-back").addEventListener("click", () => this.takeBack());
    $("snippet").addEventListener("change", () => this.insertSnippet());
    hear("attach", (item) => this.attach(item));
    hear("people", (people) => { this.people = people; });
    get("/v1/snippets").then((found) => this.showSnippets(found.items ?? found)).catch(() => { $("snippet-box").hidden = true; });
  }

  open(view, beside) {
    Object.assign(this, { view, beside, warned: false, key: fresh() });
    const draft = kept(`draft-${view.number || "new"}`, {});
    this.text.value = draft.text ?? "";
    this.attached = draft.attached ?? [];
    this.form.mode.value = draft.mode ?? "reply";
    this.setMode(this.form.mode.value, true);
    this.showAttached();
    $("compose-warning").hidden = true;
    this.changed(true);
  }

  setMode(mode, isQuiet = false) {
    this.mode = mode;
    const isNote = mode === "note";
    this.form.dataset.mode = mode;
    const to = this.beside?.customer_address || this.beside?.customer_name || t("customer");
    $("reply-label").textContent = isNote ? t("label_note") : t("label_reply", { to });
    $("send-wait").textContent = isNote ? t("send_note") : t("send_to", { to });
    $("send-wait").value = "waiting_customer";
    $("send-solve").hidden = isNote;
    if (!isQuiet) { this.changed(); this.text.focus(); say($("reply-label").textContent); }
  }

  changed(isOpening = false) {
    if (!this.view) return;
    const isEmpty = !this.text.value && !this.attached.length;
    keep(`draft-${this.view.number || "new"}`, isEmpty ? null : { text: this.text.value, attached: this.attached, mode: this.mode });
    this.showHints();
    if (isOpening) return;
    tell("typed", this.text.value);
    tell("doing", "replying");
  }

  question() {
    const asked = (this.view?.interactions ?? []).filter((item) => item.direction === "in" && item.kind === "message");
    return asked.at(-1)?.text || this.view?.description || this.view?.subject || "";
  }

  coverage() {
    return coverageOf(this.question(), this.text.value, this.attached.map((item) => `${item.title} ${item.answer ?? ""} ${item.snippet?.text ?? ""}`));
  }

  showHints() {
    const isReply = this.mode === "reply";
    const hints = isReply ? hintsOf(this.question(), this.text.value) : [];
    $("hints").replaceChildren(...hints.map((hint) => el("li", { textContent: t(`hint_${hint}`) })));
    const parts = isReply ? this.coverage() : [];
    $("coverage").replaceChildren(...parts.map((part) => el("li", { className: part.covered ? "covered" : "open" }, el("span", { textContent: part.covered ? "✓ " : "○ ", aria: { hidden: "true" } }), part.text, el("span", { className: "visually-hidden", textContent: part.covered ? t("covered") : t("open") }))));
    $("coverage-box").hidden = parts.length === 0;
  }

  attach(item) {
    if (this.attached.some((other) => other.article === item.article)) return say(t("is_attached", { title: item.title }));
    if (this.mode === "note") this.form.mode.value = "reply", this.setMode("reply", true);
    const { article, number, title, url, revision, anchor, answer, snippet, rank, setId } = item;
    this.attached.push({ article, number, title, url, revision, anchor, answer, snippet, rank, setId, use: "link" });
    this.showAttached();
    this.changed();
    say(t("attached", { title }));
    tell("was-attached", item);
    report("copied", { query_id: setId || null, article, rank: rank ?? null, attributes: { use: "attached" } });
  }

  showAttached() {
    $("attached").replaceChildren(...this.attached.map((item, index) => {
      const use = el("select", { aria: { label: t("use_of", { title: item.title }) }, onchange: () => { item.use = use.value; this.changed(); } }, ...USES.map((name) => el("option", { value: name, textContent: t(`use_${name}`), selected: item.use === name })));
      const reason = item.problem ? el("input", { className: "reason", value: item.reason ?? "", placeholder: t("reason"), aria: { label: t("reason_for", { title: item.title }) }, oninput: () => { item.reason = reason.value; this.changed(); } }) : null;
      return el("li", { className: item.problem ? "problem" : "" }, el("span", { className: "badge", textContent: item.number }), el("span", { className: "title", textContent: item.title }), use,
        el("button", { type: "button", className: "x-button", textContent: "×", aria: { label: t("take_out", { title: item.title }) }, onclick: () => { this.attached.splice(index, 1); this.showAttached(); this.changed(); this.text.focus(); } }),
        item.problem ? el("p", { className: "error", textContent: item.problem }) : null, reason);
    }));
    $("attached-box").hidden = this.attached.length === 0;
  }

  drop(event) {
    this.form.classList.remove("dropping");
    const data = event.dataTransfer.getData("application/x-kb-article");
    if (!data) return;
    event.preventDefault();
    this.attach(JSON.parse(data));
  }

  showSnippets(items) {
    this.snippets = items;
    $("snippet-box").hidden = items.length === 0;
    $("snippet").replaceChildren(el("option", { value: "", textContent: t("snippet_none") }), ...items.map((item) => el("option", { value: item.id, textContent: item.title })));
  }

  async insertSnippet() {
    const id = $("snippet").value;
    $("snippet").value = "";
    if (!id || !this.view?.number) return;
    try {
      const found = await get(`/v1/cases/${this.view.number}/snippets/${id}`).catch(() => this.snippets.find((item) => String(item.id) === id));
      this.insert(found.text);
      const hits = await post("/v1/search", { query: found.text, limit: 1, channel: "agent", context: { product: this.view.product || null } });
      const hit = hits.hits[0];
      if (hit && !hits.no_answer && !this.attached.some((item) => item.article === hit.article)) notify(t("snippet_answers", { title: hit.title }), "good", { label: t("attach"), run: () => this.attach({ article: hit.article, number: hit.number, title: hit.title, url: hit.url, revision: hit.revision, anchor: hit.snippet.anchor, setId: hits.query_id, rank: 1 }) });
    } catch (error) { failed(error); }
  }

  insert(words) {
    const { selectionStart: start, selectionEnd: end, value } = this.text;
    this.text.value = value.slice(0, start) + words + value.slice(end);
    this.text.selectionStart = this.text.selectionEnd = start + words.length;
    this.text.focus();
    this.changed();
  }

  async send(status) {
    if (!this.view?.number || this.isSending) return;
    if (!this.text.value.trim() && (this.mode === "note" || !this.attached.length)) { this.text.focus(); return notify(t("nothing_to_send"), "bad"); }
    const open = this.mode === "reply" ? this.coverage().filter((part) => !part.covered) : [];
    if (open.length && !this.warned && this.coverage().length > 1) {
      this.warned = true;
      $("compose-warning").textContent = t("uncovered", { what: open.map((part) => part.text).join(" · ") });
      $("compose-warning").hidden = false;
      return say($("compose-warning").textContent);
    }
    this.isSending = true;
    this.form.setAttribute("aria-busy", "true");
    try { await (this.mode === "note" ? this.sendNote() : this.sendReply(status)); } catch (error) { this.refused(error); } finally { this.isSending = false; this.form.removeAttribute("aria-busy"); }
  }

  async sendNote() {
    const text = this.text.value;
    const call = this.people.filter((person) => text.toLowerCase().includes(`@${person.name.toLowerCase()}`) || text.toLowerCase().includes(`@${person.name.split(" ")[0].toLowerCase()}`)).map((person) => person.id);
    const found = await post(`/v1/desk/cases/${this.view.number}/notes`, { text, call });
    this.clear();
    notify(found.called.length ? t("note_called", { names: found.called.join(", ") }) : t("note_added"));
    tell("reload", this.view.number);
  }

  async sendReply(status) {
    const view = this.view;
    const isEnded = ["solved", "closed"].includes(view.status);
    const after = status === view.status || (isEnded && status === "waiting_customer") ? null : status;
    const body = { text: this.text.value, status: after, articles: this.attached.map(({ number, use, revision, anchor, setId, rank, reason }) => ({ article: number, use, revision: revision ?? null, anchor: use === "passage" ? anchor ?? "" : "", query_id: setId || null, rank: rank ?? null, reason: reason ?? "" })) };
    const sent = await ask(`/v1/cases/${view.number}/replies`, { method: "POST", body, version: view.version, key: this.key });
    this.sent = { number: view.number, id: sent.interaction.id, text: this.text.value, attached: this.attached };
    for (const item of this.attached) report(status === "solved" ? "solved" : "copied", { query_id: item.setId || null, article: item.article, rank: item.rank ?? null, attributes: { use: item.use } });
    this.clear();
    this.countDown(sent.take_back_until);
    tell("reload", view.number);
    tell("sent", { number: view.number, status });
  }

  clear() {
    this.text.value = "";
    this.attached = [];
    this.warned = false;
    this.key = fresh();
    $("compose-warning").hidden = true;
    this.showAttached();
    this.changed(true);
    keep(`draft-${this.view.number}`, null);
    tell("doing", "looking");
  }

  refused(error) {
    if (error.status === 412) { notify(t("thread_changed"), "bad"); tell("reload", this.view.number); return; }
    for (const problem of error.problem?.problems ?? []) {
      const item = this.attached.find((other) => other.number === problem.article || String(other.article) === String(problem.article));
      if (item) Object.assign(item, { problem: problem.detail, revision: problem.published_revision ?? item.revision });
    }
    this.key = fresh();
    this.showAttached();
    failed(error);
  }

  countDown(until) {
    const bar = $("sent-bar");
    const ends = until ? new Date(until).getTime() : Date.now() + 5000;
    bar.hidden = false;
    say(t("sent_can_take_back"));
    clearInterval(this.clock);
    const tick = () => {
      const left = Math.ceil((ends - Date.now()) / 1000);
      if (left <= 0) { clearInterval(this.clock); bar.hidden = true; return; }
      $("sent-words").textContent = t("sent_in", { n: left });
    };
    tick();
    this.clock = setInterval(tick, 250);
  }

  async takeBack() {
    if (!this.sent || $("sent-bar").hidden) return;
    const { number, id, attached } = this.sent;
    clearInterval(this.clock);
    $("sent-bar").hidden = true;
    try {
      const back = await post(`/v1/cases/${number}/replies/${id}/take-back`, {});
      keep(`draft-${number}`, { text: back.text || this.sent.text, attached, mode: "reply" });
      notify(t("taken_back"));
      tell("open", number);
      tell("changed");
    } catch (error) { failed(error); }
  }
}
