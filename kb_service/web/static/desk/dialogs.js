/* What opens over the page: keep in a set, flag an article, capture new knowledge, the help sheet. */
import { get, post } from "./api.js";
import { hear } from "./bus.js";
import { $, el, failed, notify, t } from "./dom.js";

export class Dialogs {
  constructor(caseView) {
    this.caseView = caseView;
    hear("keep", (item) => this.keepIn(item));
    hear("flag", (item) => this.flag(item));
    $("flag-form").addEventListener("submit", (event) => { event.preventDefault(); this.sendFlag(); });
    $("capture-form").addEventListener("submit", (event) => { event.preventDefault(); this.capture(); });
    for (const button of document.querySelectorAll("dialog [data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  }

  async keepIn(item) {
    if (!item) return;
    try {
      const sets = (await get("/v1/bookmarks/sets")).items.filter((found) => found.may_change);
      const buttons = sets.map((found, index) => el("button", { type: "button", className: "button quiet", textContent: `${index + 1} · ${found.name}`, data: { number: index + 1 }, onclick: () => this.put(found, item) }));
      $("sets").replaceChildren(...buttons.map((button) => el("li", {}, button)));
      $("sets-of").textContent = t("keep_this", { title: item.title });
      $("no-sets").hidden = buttons.length > 0;
      $("keep-dialog").onkeydown = (event) => { const chosen = sets[Number(event.key) - 1]; if (chosen) { event.preventDefault(); this.put(chosen, item); } };
      $("keep-dialog").showModal();
      buttons[0]?.focus();
    } catch (error) { failed(error); }
  }

  async put(found, item) {
    $("keep-dialog").close();
    try { await post(`/v1/bookmarks/sets/${found.id}/articles`, { article: item.number }); notify(t("kept_in", { title: item.title, name: found.name })); } catch (error) { failed(error); }
  }

  flag(item) {
    if (!item) return;
    this.flagged = item;
    $("flag-title").textContent = t("flag_this", { title: item.title });
    $("flag-form").reset();
    $("flag-dialog").showModal();
    $("flag-words").focus();
  }

  async sendFlag() {
    $("flag-dialog").close();
    const item = this.flagged;
    const body = { reason: $("flag-reason").value, words: $("flag-words").value.trim() };
    try { await post(`/v1/articles/${item.number}/flag`, body); notify(t("flagged", { title: item.title })); } catch (error) { failed(error); }
  }

  async openCapture() {
    const view = this.caseView.view;
    if (!view) return;
    const body = { case: view.number ?? "", issue: view.number ? "" : ($("new-words").value || ""), resolution: $("reply").value };
    const fields = ["title", "issue", "notes", "resolution"].map((name) => [name, $(`capture-${name}`)]);
    $("capture-form").reset();
    this.showMasked([]);
    $("capture-dialog").showModal(); // at once: what is typed while the draft comes stays
    $("capture-resolution").focus();
    try {
      const draft = await post("/v1/desk/captures/preview", body);
      for (const [name, field] of fields) field.value ||= draft[name];
      $("capture-searches").value ||= draft.searches.join("\n");
      this.showMasked(draft.masked);
    } catch (error) { failed(error); }
  }

  showMasked(masked) {
    $("capture-masked-box").hidden = masked.length === 0;
    $("capture-masked").replaceChildren(...masked.map((item) => el("li", { textContent: `[${item.kind}] ${item.text}` })));
  }

  async capture() {
    const view = this.caseView.view;
    const body = { case: view.number ?? "", searches: $("capture-searches").value.split("\n").map((line) => line.trim()).filter(Boolean).slice(0, 20) };
    for (const name of ["title", "issue", "notes", "resolution"]) body[name] = $(`capture-${name}`).value.trim();
    try {
      const made = await post("/v1/desk/captures", body);
      $("capture-dialog").close();
      notify(t("captured", { number: made.number }));
      if (view.number) this.caseView.reload();
    } catch (error) { failed(error); }
  }
}
