/* Enhancements of the pages. Every page works without them. */
import "./combobox.js";
import "./context-picker.js";

const text = document.getElementById("text");

function addAnchors(root) {
  for (const heading of root.querySelectorAll(":is(h2, h3, h4)[id]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "anchor";
    button.textContent = "#";
    button.setAttribute("aria-label", root.dataset.copy.replace("{heading}", heading.textContent));
    button.addEventListener("click", () => copyLink(heading.id, root.dataset.copied, button));
    heading.append(button);
  }
}

async function copyLink(id, copied, button) {
  const canonical = document.querySelector("link[rel=canonical]")?.href ?? location.href;
  history.replaceState(null, "", `#${id}`);
  try { await navigator.clipboard.writeText(`${canonical.split("#")[0]}#${id}`); } catch { return; }
  say(copied);
  button.textContent = "✓";
  setTimeout(() => { button.textContent = "#"; }, 1500);
}

function say(words) {
  let region = document.getElementById("said");
  if (!region) {
    region = Object.assign(document.createElement("div"), { id: "said", className: "visually-hidden" });
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  region.textContent = words;
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  if (target?.id === "helped") target.focus({ preventScroll: true });
}

function report(event) {
  const link = event.target.closest("a[data-article]");
  const queryId = document.querySelector("[data-query-id]")?.dataset.queryId;
  if (!link || !queryId) return;
  const rank = [...document.querySelectorAll("a[data-article]")].indexOf(link) + 1;
  const body = JSON.stringify({ action: "click", query_id: queryId, article: Number(link.dataset.article), rank, channel: "portal" });
  fetch("/v1/events", { method: "POST", body, keepalive: true, credentials: "omit", headers: { "Content-Type": "application/json" } }).catch(() => {});
}

if (text) addAnchors(text);
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
openTarget();
addEventListener("hashchange", openTarget);
document.addEventListener("click", report);
