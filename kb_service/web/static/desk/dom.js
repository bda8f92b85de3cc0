/* Small helpers: elements, words of the catalogue, what a screen reader is told, times for people. */
const catalogue = JSON.parse(document.getElementById("words").textContent);

export const t = (key, values = {}) => {
  let text = catalogue[key] ?? key;
  if (Array.isArray(text)) text = values.n === 1 ? text[0] : text[1];
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
};

export const el = (tag, properties = {}, ...children) => {
  const { data, aria, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(data ?? {})) made.dataset[name] = value;
  for (const [name, value] of Object.entries(aria ?? {})) made.setAttribute(name === "role" ? name : `aria-${name}`, value);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
};

export const $ = (id) => document.getElementById(id);
export const say = (words) => { const region = $("said"); region.textContent = ""; region.textContent = words; };

let noticeTimer = 0;
export function notify(words, kind = "good", action) {
  const bar = $("notice");
  bar.className = `desk-notice ${kind}`;
  bar.replaceChildren(el("span", { textContent: words }));
  if (action) bar.append(el("button", { type: "button", className: "button quiet slim", textContent: action.label, onclick: () => { bar.hidden = true; action.run(); } }));
  bar.hidden = false;
  say(words);
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { bar.hidden = true; }, kind === "bad" ? 12000 : 6000);
}

export const failed = (error) => { if (error.name !== "AbortError") notify(error.message, "bad"); };

export function when(moment) {
  if (!moment) return "";
  const minutes = Math.round((new Date(moment) - Date.now()) / 60000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
  if (Math.abs(minutes) < 60) return words.format(minutes, "minute");
  if (Math.abs(minutes) < 60 * 36) return words.format(Math.round(minutes / 60), "hour");
  return words.format(Math.round(minutes / 1440), "day");
}

export function marked(target, text, ranges) {
  let place = 0;
  for (const [start, end] of ranges ?? []) {
    if (start < place) continue;
    target.append(text.slice(place, start), el("mark", { textContent: text.slice(start, end) }));
    place = end;
  }
  target.append(text.slice(place));
  return target;
}

export const kept = (name, fallback = null) => { try { return JSON.parse(localStorage.getItem(`kb-desk-${name}`)) ?? fallback; } catch { return fallback; } };
export const keep = (name, value) => { try { if (value === null) localStorage.removeItem(`kb-desk-${name}`); else localStorage.setItem(`kb-desk-${name}`, JSON.stringify(value)); } catch { /* private mode: drafts last as long as the page */ } };
