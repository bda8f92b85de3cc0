/* <kb-editor>: toolbar, live preview, autosave and pickers. The form works without any of it. */
const WRAPS = { bold: ["**", "**"], italic: ["*", "*"], code: ["`", "`"], link: ["[", "](https://)"] };
const LINES = { heading: "## ", bullets: "- ", steps: "1. ", warning: "> **Warning:** " };
const HEADING = /^(#{1,6} .*?)\s*(\{\s*applies_to\s*=\s*"([^"]*)"\s*\})?\s*$/;
const PREVIEW_MS = 350, AUTOSAVE_MS = 1200, CHECK_MS = 2500, RETRY_MS = 8000;

class Editor extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form.editor");
    this.releases = JSON.parse(this.dataset.releases);
    this.status = this.querySelector("[data-kept]");
    this.addToolbars();
    this.preparePickers();
    this.form.addEventListener("input", (event) => this.changed(event));
    this.form.addEventListener("change", (event) => this.changed(event));
    this.form.addEventListener("submit", () => { this.isLeaving = true; clearTimeout(this.autosaveTimer); });
    addEventListener("visibilitychange", () => { if (document.hidden && this.isDirty) this.keep(true); });
    this.querySelector("[data-preview-button]").hidden = true;
    this.preview();
    this.check();
  }

  changed(event) {
    clearTimeout(this.previewTimer);
    this.previewTimer = setTimeout(() => this.preview(), PREVIEW_MS);
    if (event.target.name?.startsWith("preview_")) return;
    this.isDirty = true;
    clearTimeout(this.checkTimer);
    this.checkTimer = setTimeout(() => this.check(), CHECK_MS);
    clearTimeout(this.autosaveTimer);
    this.autosaveTimer = setTimeout(() => this.keep(), AUTOSAVE_MS);
  }

  async preview() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const answer = await fetch("/workbench/preview", { method: "POST", body: new FormData(this.form) }).catch(() => null);
    if (answer?.ok && turn === this.turn) this.querySelector("[data-preview]").innerHTML = await answer.text();
  }

  async check() {
    const turn = (this.checkTurn = (this.checkTurn ?? 0) + 1);
    const answer = await fetch("/workbench/checks", { method: "POST", body: new FormData(this.form) }).catch(() => null);
    const words = answer?.ok ? (await answer.text()).trim() : "";
    const place = this.querySelector("[data-checks]");
    if (turn === this.checkTurn && place.innerHTML.trim() !== words) place.innerHTML = words;
  }

  async keep(isLast = false) {
    if (this.isLeaving || this.isKeeping) { this.isDirty = true; return; }
    this.isKeeping = true;
    this.isDirty = false;
    this.status.textContent = this.dataset.saving;
    const draft = this.form.elements.draft;
    const headers = draft.value ? { "If-Match": `"v${draft.dataset.version}"` } : {};
    const answer = await fetch("/workbench/autosave", { method: "POST", body: new FormData(this.form), headers, keepalive: isLast }).catch(() => null);
    this.isKeeping = false;
    if (answer?.ok) {
      const kept = await answer.json();
      draft.value = kept.draft;
      draft.dataset.version = kept.version;
      this.status.textContent = this.dataset.kept.replace("{time}", new Date().toLocaleTimeString());
      if (this.isDirty) this.autosaveTimer = setTimeout(() => this.keep(), AUTOSAVE_MS);
    } else if (answer?.status === 412) {
      this.status.textContent = this.dataset.elsewhere;
    } else {
      this.status.textContent = this.dataset.failed;
      this.isDirty = true;
      this.autosaveTimer = setTimeout(() => this.keep(), RETRY_MS);
    }
  }

  addToolbars() {
    const tools = this.querySelector("[data-tools]");
    for (const field of this.querySelectorAll("[data-markdown]")) {
      const bar = document.createElement("div");
      const area = field.querySelector("textarea");
      bar.className = "toolbar";
      bar.setAttribute("role", "toolbar");
      bar.setAttribute("aria-label", field.querySelector("label").textContent);
      bar.append(tools.content.cloneNode(true));
      area.before(bar);
      bar.addEventListener("click", (event) => { if (event.target.dataset.tool) this.use(event.target.dataset.tool, area); });
      bar.addEventListener("keydown", (event) => moveFocus(bar, event));
      [...bar.children].forEach((button, index) => { button.tabIndex = index ? -1 : 0; });
      area.addEventListener("keydown", (event) => {
        const tool = { b: "bold", i: "italic", k: "link" }[event.key];
        if (tool && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.use(tool, area); }
      });
    }
  }

  use(tool, area) {
    if (tool === "for") { this.askForWhom(area); return; }
    area.focus();
    const { selectionStart: start, selectionEnd: end, value } = area;
    if (WRAPS[tool]) {
      const [before, after] = WRAPS[tool];
      insert(area, before + value.slice(start, end) + after, start, end);
      area.setSelectionRange(start + before.length, end + before.length);
    } else {
      const from = value.lastIndexOf("\n", start - 1) + 1;
      insert(area, value.slice(from, end).split("\n").map((line) => LINES[tool] + line).join("\n"), from, end);
    }
  }

  askForWhom(area) {
    const lines = area.value.split("\n");
    let at = area.value.slice(0, area.selectionStart).split("\n").length - 1;
    while (at >= 0 && !HEADING.test(lines[at])) at -= 1;
    if (at < 0) { this.status.textContent = this.dataset.none; return; }
    const [, text, , stated = ""] = HEADING.exec(lines[at]);
    const dialog = this.querySelector("[data-section]");
    const title = dialog.querySelector("h2");
    title.textContent = title.dataset.words.replace("{heading}", text.replace(/^#+ /, ""));
    this.showStated(dialog, stated);
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (!dialog.returnValue) return;
      const words = dialog.returnValue === "set" ? readStated(dialog) : "";
      lines[at] = words ? `${text} {applies_to="${words}"}` : text;
      area.focus();
      insert(area, lines.join("\n"), 0, area.value.length);
    };
    dialog.showModal();
  }

  showStated(dialog, stated) {
    const axes = Object.fromEntries(stated.split(";").map((part) => part.trim().match(/^(product|versions?|os)\s*[=:](.*)$/)?.slice(1) ?? ["", ""]));
    const versions = (axes.versions ?? axes.version ?? "").trim();
    const [product, low, high, os] = ["product", "from", "through", "os"].map((name) => dialog.querySelector(`#s-${name}`));
    product.onchange = () => this.fillVersions(product.value, low, high);
    product.value = axes.product ?? "";
    this.fillVersions(product.value, low, high);
    setChoice(low, versions.match(/>=([\w.+-]+)/)?.[1] ?? (/^[\w.]+$/.test(versions) ? versions : ""));
    setChoice(high, versions.match(/<=([\w.+-]+)/)?.[1] ?? (/^[\w.]+$/.test(versions) ? versions : ""));
    os.value = (axes.os ?? "").split(",")[0].trim();
  }

  fillVersions(product, ...selects) {
    const known = [...(this.releases[product] ?? [])].reverse();
    for (const select of selects) select.replaceChildren(new Option(this.dataset.any, ""), ...known.map((version) => new Option(version, version)));
  }

  preparePickers() {
    const holder = this.querySelector("[data-applies]");
    this.form.addEventListener("change", (event) => {
      const match = /^applies-(\d+)-product$/.exec(event.target.name ?? "");
      const at = (axis) => this.form.elements[`applies-${match[1]}-${axis}`];
      if (match) this.fillVersions(event.target.value, at("from"), at("through"));
      if (event.target.name === "preview_product") this.fillVersions(event.target.value, this.form.elements.preview_version);
    });
    const add = this.querySelector("[data-add-entry]");
    add.hidden = false;
    add.addEventListener("click", () => {
      const rows = holder.querySelectorAll("[data-applies-row]");
      const row = rows[rows.length - 1].cloneNode(true);
      const renamed = (text) => text.replace(/^(applies-|a)\d+/, `$1${rows.length}`);
      for (const item of row.querySelectorAll("[name]")) { item.name = renamed(item.name); item.id = renamed(item.id); item.value = ""; }
      for (const label of row.querySelectorAll("label")) label.htmlFor = renamed(label.htmlFor);
      holder.append(row);
      row.querySelector("select").focus();
    });
  }
}

function setChoice(select, value) {
  if (value && ![...select.options].some((option) => option.value === value)) select.append(new Option(value, value));
  select.value = value;
}

function readStated(dialog) {
  const [product, low, high, os] = ["product", "from", "through", "os"].map((name) => dialog.querySelector(`#s-${name}`).value);
  const versions = low && low === high ? low : [low && `>=${low}`, high && `<=${high}`].filter(Boolean).join(",");
  return [product && `product=${product}`, versions && `versions=${versions}`, os && `os=${os}`].filter(Boolean).join("; ");
}

function insert(area, text, start, end) {
  area.setRangeText(text, start, end, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function moveFocus(bar, event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const items = [...bar.children];
  const next = items[(items.indexOf(document.activeElement) + step + items.length) % items.length];
  for (const item of items) item.tabIndex = item === next ? 0 : -1;
  next.focus();
}

customElements.define("kb-editor", Editor);
