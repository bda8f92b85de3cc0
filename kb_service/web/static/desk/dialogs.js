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

  openCapture() {
    const view = this.caseView.view;
    if (!view) return;
    const said = (view.interactions ?? []).filter((item) => item.kind === "message");
    $("capture-title").value = view.subject ?? "";
    $("capture-issue").value = said.find((item) => item.direction === "in")?.text ?? ($("new-words").value || "");
    $("capture-resolution").value = $("reply").value || (said.filter((item) => item.direction === "out").at(-1)?.text ?? "");
    $("capture-dialog").showModal();
    $("capture-resolution").focus();
  }

  async capture() {
    const view = this.caseView.view;
    const body = { title: $("capture-title").value.trim(), issue: $("capture-issue").value.trim(), resolution: $("capture-resolution").value.trim(), audience: ["agent"], confidence: "work_in_progress" };
    if (view.product) body.applies_to = [{ product: view.product, ...(view.product_version ? { versions: view.product_version } : {}), ...(view.os ? { os: view.os } : {}) }];
    try {
      const made = await post("/v1/articles", body);
      if (view.number) await post(`/v1/cases/${view.number}/articles`, { article: made.number });
      $("capture-dialog").close();
      notify(t("captured", { number: made.number }));
      if (view.number) this.caseView.reload();
    } catch (error) { failed(error); }
  }
}
