/* What a host does: it says what the case is about, and hears what was done with the answers. */
const agent = document.querySelector("kb-agent");
const mail = document.getElementById("mail");
const heard = document.getElementById("heard");
let attached = "";

/* A real host's own server fetches the token with its secret key; here the signed-in agent of this site plays that server. */
agent.getToken = async () => {
  const me = await (await fetch("/v1/me")).json();
  const answer = await fetch("/examples/agent/token", { method: "POST", headers: { "X-CSRF-Token": me.csrf_token ?? "" } });
  return answer.ok ? (await answer.json()).token : "";
};

document.getElementById("said").addEventListener("input", (event) => postMessage({ type: "kb-agent:context", text: event.target.value }, location.origin));
agent.addEventListener("kb-attached", ({ detail }) => { mail.value = `${mail.value}${mail.value ? "\n\n" : ""}${detail.text}`; attached = detail.number; mail.focus(); });
for (const name of ["attached", "sent", "copied", "solved", "flagged"]) {
  agent.addEventListener(`kb-${name}`, ({ detail }) => { heard.textContent = `Heard: ${name} ${detail.number}`; });
}
document.getElementById("send").addEventListener("click", () => { if (attached) postMessage({ type: "kb-agent:sent", article: attached }, location.origin); mail.value = ""; });
