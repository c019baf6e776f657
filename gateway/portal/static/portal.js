// What the clerks' pages do beyond plain HTML; every page works without it.
import { watchArrivals, countTyping } from "./entering.js";
import { watchProgress } from "./progress.js";

document.querySelectorAll(".no-script").forEach((each) => { each.hidden = true; });
document.querySelector("[data-focus]")?.focus();
document.querySelectorAll("[data-prints]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
// a chosen value and Enter send the form, as Enter in a text field does
document.addEventListener("keydown", (event) => {
  const select = event.target.closest?.("main form select");
  if (event.key !== "Enter" || !select || event.isComposing) return;
  event.preventDefault();
  select.form.querySelector("button:not([type=button])")?.click();
});
countTyping();
watchArrivals();
watchProgress();
