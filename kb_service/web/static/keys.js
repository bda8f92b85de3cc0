/* One key for each decision about the item that is in focus, else the first: buttons with data-key in [data-keys]. */
const list = document.querySelector("[data-keys]");

addEventListener("keydown", (event) => {
  if (!list || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const items = [...list.querySelectorAll("[data-item]")];
  const current = document.activeElement.closest("[data-item]");
  if (event.key === "j" || event.key === "k") {
    items[Math.max(0, Math.min(items.length - 1, items.indexOf(current) + (event.key === "j" ? 1 : -1)))]?.focus();
    return;
  }
  (current ?? items[0])?.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
});
