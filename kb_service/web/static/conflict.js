/* Two texts side by side: "take theirs" puts the other text into what will be saved. */
for (const button of document.querySelectorAll("[data-take]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const name = button.dataset.take;
    const field = document.getElementById(`r-${name}`);
    field.value = document.querySelector(`[data-theirs="${name}"]`).textContent;
    field.focus();
  });
}
