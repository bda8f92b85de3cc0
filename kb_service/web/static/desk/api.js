/* The service as the page asks it. Every failure is an Error with the service's own words, its status and code. */
const csrf = () => document.body.dataset.csrf;

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? String(status));
    Object.assign(this, { status, code: problem.code ?? "", problem });
  }
}

export async function ask(path, { method = "GET", body, version, key, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf();
  if (version !== undefined) headers["If-Match"] = `"v${version}"`;
  if (key) headers["Idempotency-Key"] = key;
  const answer = await fetch(path, { method, headers, signal, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body) });
  if (answer.status === 401) { location.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`; }
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  return answer.status === 204 ? null : answer.json();
}

export const get = (path, signal) => ask(path, { signal });
export const post = (path, body, more = {}) => ask(path, { method: "POST", body, ...more });
export const put = (path, body) => ask(path, { method: "PUT", body });
export const patch = (path, body, version) => ask(path, { method: "PATCH", body, version });
export const report = (action, more) => post("/v1/events", { action, channel: "agent", ...more }).catch(() => {});
export const fresh = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
