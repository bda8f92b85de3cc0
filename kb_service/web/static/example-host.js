/* The host hears which answer was opened. */
document.addEventListener("kb-answer", (event) => {
  document.getElementById("heard").textContent = `The page heard: ${event.detail.article} was opened.`;
});
