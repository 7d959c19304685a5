// <button data-confirm="Question" data-confirm-title data-confirm-label> asks first, in our own dialog. Without JavaScript it just acts.
import { on } from "./dom.js";

function ask(button) {
  const dialog = document.querySelector("#confirm");
  const { confirm: question, confirmTitle: title, confirmLabel: label } = button.dataset;
  dialog.querySelector("h2").textContent = title || button.textContent.trim();
  dialog.querySelector("p").textContent = question;
  const yes = dialog.querySelector("[value=yes]");
  yes.textContent = label || title || button.textContent.trim();
  yes.className = `btn ${button.classList.contains("danger") ? "danger-solid" : "primary"}`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-confirm]");
  if (!button || button.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(button))) return;
  button.dataset.confirmed = "yes"; // the click below is the answer
  button.click();
  delete button.dataset.confirmed;
}, true);

on("click", "dialog", (event, dialog) => {
  if (event.target === dialog) dialog.close(); // a click on the backdrop
});
