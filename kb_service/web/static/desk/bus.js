/* How the page's parts hear of each other: one target, events by name. */
const target = new EventTarget();
export const tell = (name, detail) => target.dispatchEvent(new CustomEvent(name, { detail }));
export const hear = (name, run) => target.addEventListener(name, (event) => run(event.detail));
