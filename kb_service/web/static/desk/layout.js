/* What stands wide: a pure function of the state of the case and the focus. Controls never change place; only how much
   room each column gets does. A pinned layout wins over everything. */
export const LAYOUTS = ["who", "answers", "history", "composer", "capture"];

export function layoutOf(status, focus, pinned = "") {
  if (LAYOUTS.includes(pinned)) return pinned;
  if (focus === "searching") return "answers";
  if (focus === "history") return "history";
  if (focus === "replying") return "composer";
  if (status === "solved" || status === "closed") return "capture";
  if (status === "new" || status === "") return "who";
  return focus === "answers" ? "answers" : "history";
}
