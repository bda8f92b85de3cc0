/* Everything is one key away. Alt and a letter works anywhere, also while writing; a lone letter only where nothing is
   written, and not at all when switched off (WCAG 2.2, 2.1.4). */
import { $, keep, kept } from "./dom.js";

export function installKeys(actions) {
  const isWriting = (target) => target.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const single = $("single-keys");
  single.checked = kept("single-keys", true);
  single.addEventListener("change", () => keep("single-keys", single.checked));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const isDialog = document.querySelector("dialog[open]");
    let name = "";
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") name = isDialog ? "" : event.shiftKey ? "send-solve" : "send-wait";
    else if (event.altKey && !event.ctrlKey && /^Digit[1-5]$/.test(event.code)) name = `attach-${event.code.slice(5)}`;
    else if (event.altKey && !event.ctrlKey && /^Key[A-Z]$/.test(event.code)) name = event.code.slice(3).toLowerCase();
    else if (event.altKey && !event.ctrlKey && event.code === "Slash") name = "/";
    else if (!event.altKey && !event.ctrlKey && !event.metaKey && single.checked && !isWriting(event.target) && event.key.length === 1 && event.key !== " ") name = event.key.toLowerCase();
    if (event.key === "F1") name = "?";
    if (isDialog && event.ctrlKey && event.key === "Enter") { event.preventDefault(); isDialog.querySelector("form")?.requestSubmit(); return; }
    if (isDialog || !actions[name]) return;
    event.preventDefault();
    actions[name]();
  });
}
