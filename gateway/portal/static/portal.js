// What the clerks' pages do beyond plain HTML; every page works without it.
import { watchArrivals, countTyping } from "./entering.js";
import { watchProgress } from "./progress.js";

document.querySelectorAll(".no-script").forEach((each) => { each.hidden = true; });
document.querySelector("[data-focus]")?.focus();
document.querySelectorAll("[data-prints]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
countTyping();
watchArrivals();
watchProgress();
