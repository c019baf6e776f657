// Small things: copying a text, sending a form when a choice changes, folding, finding within a text.
import { announce } from "./announce.js";

export function watchSmallThings() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom)?.textContent ?? "";
    await navigator.clipboard.writeText(text);
    button.classList.add("button-pressed");
    setTimeout(() => button.classList.remove("button-pressed"), 1200);
    announce(button.dataset.copied || "");
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-sends]")) event.target.form?.requestSubmit();
  });
}
