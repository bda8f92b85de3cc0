/* What happens elsewhere, as it happens: one EventSource. What one is writing is never touched. */
import { put } from "./api.js";
import { hear, tell } from "./bus.js";
import { $, notify, t } from "./dom.js";

export class Live {
  constructor(caseView, me) {
    this.caseView = caseView;
    this.me = me;
    this.said = { number: "", doing: "", at: 0 };
    this.source = new EventSource("/v1/desk/live");
    this.on("case", (event) => this.changed(event));
    this.on("replying", (event) => { if (event.case === caseView.view?.number) caseView.replying(event.is_replying ? [event.name] : []); });
    this.on("called", (event) => { notify(t("called", { subject: event.subject }), "good", { label: t("look"), run: () => tell("open", event.case) }); tell("changed"); });
    this.on("reload", () => { tell("changed"); if (caseView.view?.number) tell("reload", caseView.view.number); });
    this.source.addEventListener("hello", () => { $("offline").hidden = true; if (this.wasLost) tell("changed"); this.wasLost = false; });
    this.source.addEventListener("error", () => { this.wasLost = true; $("offline").hidden = false; });
    hear("doing", (doing) => this.doing(doing));
    addEventListener("pagehide", () => this.source.close());
  }

  on(name, run) { this.source.addEventListener(name, (event) => run(JSON.parse(event.data))); }

  changed(event) {
    tell("changed");
    const view = this.caseView.view;
    if (event.case !== view?.number || event.by === this.me || event.version === view.version && event.what !== "message" && event.what !== "note") return;
    tell("reload", view.number);
    notify(t(`live_${["message", "note", "moved"].includes(event.what) ? event.what : "changed"}`));
  }

  /* "I am replying" is said at most every four seconds; colleagues see it for eight. */
  doing(doing) {
    const number = this.caseView.view?.number;
    const isSame = this.said.number === number && this.said.doing === doing;
    if (!number || (isSame && (doing !== "replying" || Date.now() - this.said.at < 4000))) return;
    this.said = { number, doing, at: Date.now() };
    put(`/v1/desk/cases/${number}/presence`, { doing }).catch(() => {});
  }
}
