/* One case: who and what, the thread, what came along; its fields; a new one while somebody speaks. */
import { ask, get, patch, post, put } from "./api.js";
import { hear, tell } from "./bus.js";
import { $, el, failed, keep, kept, notify, say, t, when } from "./dom.js";

export class CaseView {
  constructor(parts) {
    Object.assign(this, parts, { view: null });
    hear("open", (number) => this.open(number));
    hear("reload", (number) => { if (this.view?.number === number) this.reload(); });
    hear("new-case", (given) => this.fresh(given));
    hear("context", (change) => this.context(change));
    hear("typed", (text) => this.suggestions.follow(text));
    $("new-form").addEventListener("input", () => this.taking());
    $("new-form").addEventListener("submit", (event) => { event.preventDefault(); this.make(); });
    $("case-status").addEventListener("change", () => this.move($("case-status").value));
    $("case-assignee").addEventListener("change", () => this.change({ assignee_id: Number($("case-assignee").value || 0) }));
    $("case-snooze").addEventListener("change", () => this.putOff($("case-snooze").value));
    $("thread").addEventListener("focusin", () => tell("focus", "history"));
  }

  async open(number, isBack = false) {
    try {
      const [view, beside] = await Promise.all([get(`/v1/cases/${number}`), get(`/v1/desk/cases/${number}`)]);
      this.show(view, beside);
      if (!isBack && location.pathname !== `/desk/${view.number}`) history.pushState({}, "", `/desk/${view.number}`);
      put(`/v1/desk/cases/${view.number}/presence`, { doing: "looking" }).catch(() => {});
      say(t("case_opened", { number: view.number, subject: view.subject }));
      $("case-title").focus({ preventScroll: innerWidth > 800 });
    } catch (error) { failed(error); }
  }

  show(view, beside) {
    Object.assign(this, { view, beside });
    $("new-form").hidden = true;
    $("case-body").hidden = false;
    $("case-none").hidden = true;
    this.head();
    this.thread();
    this.suggestions.open(view, beside);
    this.composer.open(view, beside);
    tell("case-opened", view);
    tell("focus", "");
  }

  async reload() {
    try {
      const [view, beside] = await Promise.all([get(`/v1/cases/${this.view.number}`), get(`/v1/desk/cases/${this.view.number}`)]);
      Object.assign(this, { view, beside });
      Object.assign(this.composer, { view, beside });
      this.suggestions.caseView = view;
      this.head();
      this.thread();
      tell("changed");
      tell("layout");
    } catch (error) { failed(error); }
  }

  head() {
    const { view, beside } = this;
    document.title = `${view.number} ${view.subject}`;
    $("case-title").textContent = view.subject;
    $("case-number").textContent = view.number;
    $("case-customer").textContent = [beside.customer_name, beside.customer_address].filter((word, index, all) => word && all.indexOf(word) === index).join(" · ") || t("no_customer");
    $("case-context").textContent = [view.product, view.product_version, view.os].filter(Boolean).join(" · ") || t("no_context");
    $("case-due").textContent = view.due_at ? t("due", { when: when(view.due_at) }) : "";
    $("case-tags").replaceChildren(...view.tags.map((tag) => el("li", {}, el("span", { className: "chip", textContent: tag }))));
    $("case-status").value = view.status;
    $("case-assignee").value = view.assignee_id ?? "0";
    $("case-snooze").value = "";
    $("case-put-off").textContent = beside.snoozed_until ? t("put_off_until", { when: when(beside.snoozed_until) }) : "";
    this.replying(beside.here);
    $("earlier-box").hidden = beside.earlier.length === 0;
    $("earlier").replaceChildren(...beside.earlier.map((item) => el("li", {}, el("a", { href: `/desk/${item.number}`, data: { open: item.number }, textContent: `${item.subject}` }), el("span", { className: "muted small", textContent: ` ${t(`status_${item.status}`)} · ${when(item.updated_at)}` }))));
    $("used-box").hidden = view.articles.length === 0;
    $("used").replaceChildren(...view.articles.map((item) => el("li", {}, el("a", { href: `/a/${item.article_id}`, target: "_blank", rel: "noopener", textContent: `KB ${item.article_id}` }), el("span", { className: "muted small", textContent: ` ${t(`use_${item.use}`)}` }))));
  }

  replying(names) { $("replying").hidden = names.length === 0; $("replying").textContent = t("is_replying", { name: names.join(", ") }); if (names.length) say($("replying").textContent); }

  thread() {
    const story = this.view.session.map((step) => el("li", {}, t(`step_${step.kind}`), step.text ? `: ${step.text}` : ""));
    $("story-box").hidden = story.length === 0;
    $("story").replaceChildren(...story);
    $("thread").replaceChildren(...this.view.interactions.map((item) => {
      const line = el("li", { className: `said ${item.kind} ${item.direction}`, tabIndex: -1 }, el("p", { className: "meta" }, el("strong", { textContent: item.author_name || t(item.direction === "in" ? "customer" : "we") }), el("span", { textContent: t(item.kind === "note" || item.kind === "event" ? `kind_${item.kind}` : item.channel === "phone" && item.direction === "in" ? "took_down" : `direction_${item.direction}`) }), el("span", { textContent: item.channel }), el("time", { dateTime: item.created_at, textContent: when(item.created_at), title: new Date(item.created_at).toLocaleString() })), el("p", { className: "words", textContent: item.text }));
      if (item.quoted) line.append(el("details", {}, el("summary", { textContent: t("quoted") }), el("p", { className: "words muted", textContent: item.quoted })));
      line.append(...this.cameAlong(item));
      return line;
    }));
    $("thread").lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  cameAlong(item) {
    const at = `/v1/cases/${this.view.number}`;
    const away = { target: "_blank", rel: "noopener" };
    const files = item.files.map((file) => el("li", {}, el("a", { href: `${at}/files/${file.id}`, textContent: file.name, ...away }), el("span", { className: "muted small", textContent: ` ${Math.ceil(file.size / 1024)} KB${file.is_active ? ` · ${t("file_active")}` : ""}` })));
    return [
      ...(files.length ? [el("ul", { className: "files", ariaLabel: t("files") }, ...files)] : []),
      ...(item.is_formatted ? [el("p", { className: "small" }, el("a", { href: `${at}/messages/${item.id}/formatted`, textContent: t("formatted"), ...away }))] : []),
    ];
  }

  async change(body) {
    try { this.view = await patch(`/v1/cases/${this.view.number}`, body, this.view.version); await this.reload(); notify(t("changed")); } catch (error) { this.stale(error); }
  }

  async move(status) {
    if (!this.view || status === this.view.status) return;
    try { this.view = await ask(`/v1/cases/${this.view.number}/status`, { method: "POST", body: { status, reason: "" }, version: this.view.version }); await this.reload(); notify(t("moved", { status: t(`status_${status}`) })); } catch (error) { this.stale(error); }
  }

  stale(error) {
    failed(error.status === 412 ? new Error(t("case_changed")) : error);
    this.reload();
  }

  async context({ axis, value }) {
    if (!this.view) return;
    if (!this.view.number) { this.view[axis === "version" ? "product_version" : axis] = value; this.suggestions.caseView = this.view; return this.suggestions.ask(); }
    await this.change({ [axis]: value });
    this.suggestions.ask();
  }

  async putOff(hours) {
    if (hours === "") return;
    const until = Number(hours) > 0 ? new Date(Date.now() + Number(hours) * 3600000).toISOString() : null;
    try { this.beside = await put(`/v1/desk/cases/${this.view.number}/snooze`, { until }); this.head(); notify(until ? t("put_off_until", { when: when(until) }) : t("back_now")); tell("changed"); } catch (error) { failed(error); }
  }

  /* A case while somebody speaks: nothing is stored but a draft in this browser until it is saved. */
  fresh(given = {}) {
    const draft = kept("draft-call", {});
    this.view = { number: "", subject: draft.subject ?? "", description: "", status: "", interactions: [], tags: [], session: [], articles: [], customer_id: given.customer_id ?? draft.customer_id ?? null };
    $("new-form").hidden = false;
    $("case-body").hidden = true;
    $("case-none").hidden = true;
    $("new-subject").value = draft.subject ?? "";
    $("new-words").value = draft.words ?? "";
    $("new-customer").value = given.name ?? draft.customer ?? "";
    this.suggestions.open(this.view, {});
    tell("case-opened", null);
    tell("focus", "");
    this.taking();
    $("new-words").focus();
  }

  taking() {
    this.view.subject = $("new-subject").value;
    this.view.status = "";
    keep("draft-call", { subject: $("new-subject").value, words: $("new-words").value, customer: $("new-customer").value, customer_id: this.view.customer_id });
    this.suggestions.follow([$("new-subject").value, $("new-words").value].filter(Boolean).join("\n"));
  }

  async make() {
    const words = $("new-words").value.trim();
    const address = $("new-customer").value.trim();
    const body = { subject: $("new-subject").value.trim() || words.split("\n")[0].slice(0, 120), description: words, channel: "phone", product: this.view.product || null, version: this.view.product_version || null, os: this.view.os || null };
    if (this.view.customer_id) body.customer_id = this.view.customer_id;
    else if (address) body.customer = { channel: address.includes("@") ? "email" : "phone", value: address };
    if (!body.subject) { $("new-words").focus(); return notify(t("words_first"), "bad"); }
    try {
      const made = await post("/v1/cases", body);
      const mine = Number(document.body.dataset.me) || 0;
      if (mine) await patch(`/v1/cases/${made.number}`, { assignee_id: mine }, made.version);
      keep("draft-call", null);
      tell("changed");
      await this.open(made.number);
      $("reply").focus();
    } catch (error) { failed(error); }
  }
}
