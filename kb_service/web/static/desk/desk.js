/* The desk: its parts put together. What is on the page at first comes with the page. */
import { hear, tell } from "./bus.js";
import { CaseView } from "./case.js";
import { Composer } from "./composer.js";
import { Dialogs } from "./dialogs.js";
import { $, keep, kept, say, t } from "./dom.js";
import { Finder } from "./finder.js";
import { installKeys } from "./keys.js";
import { LAYOUTS, layoutOf } from "./layout.js";
import { Live } from "./live.js";
import { Suggestions } from "./suggestions.js";
import { Views } from "./views.js";

const data = JSON.parse($("data").textContent);
document.body.dataset.me = data.desk.my_id ?? "";
const suggestions = new Suggestions();
const composer = new Composer();
const caseView = new CaseView({ suggestions, composer });
const views = new Views(data.desk, data.cases);
const dialogs = new Dialogs(caseView);
new Finder();
new Live(caseView, data.desk.me);

let focus = "";
function layout() {
  const chosen = layoutOf(caseView.view?.status ?? "", focus, kept("pinned", ""));
  $("desk").dataset.layout = chosen;
  $("layout").value = kept("pinned", "");
}
hear("focus", (now) => { focus = now; layout(); });
hear("layout", layout);
$("layout").addEventListener("change", () => { keep("pinned", $("layout").value || null); layout(); say(t("layout_now", { name: $("layout").selectedOptions[0].textContent })); });

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-open]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  tell("open", link.dataset.open);
});
addEventListener("popstate", () => { const number = location.pathname.split("/")[2]; if (number) caseView.open(number, true); });

const submit = (button) => () => { if (!$(button).hidden) $("composer").requestSubmit($(button)); };
const mode = (name) => () => { $("composer").mode.value = name; composer.setMode(name); };
installKeys({
  "send-wait": submit("send-wait"), "send-solve": () => (composer.mode === "note" ? submit("send-wait")() : submit("send-solve")()),
  ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`attach-${n}`, () => suggestions.attach(n - 1)])),
  "/": () => $("find").focus(), a: () => suggestions.focus(0), b: () => tell("keep", suggestions.items[0]), c: () => dialogs.openCapture(), f: () => tell("flag", suggestions.items[0]),
  g: () => $("cases").querySelector("a")?.focus(), h: () => { $("thread").lastElementChild?.focus(); tell("focus", "history"); }, i: () => $("case-status").focus(), l: () => pin(), n: mode("note"), j: () => views.next(), o: () => $("own-words").focus(),
  p: () => suggestions.peek(0), q: () => suggestions.showNewer(), r: mode("reply"), s: () => $("snippet").focus(), u: () => $("case-assignee").focus(), w: () => tell("new-case", {}), x: () => suggestions.notThis(0), z: () => composer.takeBack(), "?": () => $("help").showModal(),
});
$("help-button").addEventListener("click", () => $("help").showModal());
$("new-button").addEventListener("click", () => tell("new-case", {}));
$("next-button").addEventListener("click", () => views.next());
$("capture-button").addEventListener("click", () => dialogs.openCapture());

function pin() {
  const order = ["", ...LAYOUTS];
  $("layout").value = order[(order.indexOf($("layout").value) + 1) % order.length];
  $("layout").dispatchEvent(new Event("change"));
}

layout();
const wanted = location.pathname.split("/")[2];
if (wanted) caseView.open(wanted, true);
