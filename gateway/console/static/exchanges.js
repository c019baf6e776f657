// What only the pages of exchanges do: counts on demand, the choice of columns, finding within messages.
import { fetchFragment } from "../pages/fragment.js";
import { announce } from "../pages/announce.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-counts]");
  if (!button) return;
  button.disabled = true;
  try {
    const answer = await fetchFragment(button.dataset.counts);
    const tabs = answer?.getElementById("tabs");
    if (tabs) document.getElementById("tabs").replaceWith(document.importNode(tabs, true));
    announce(tabs?.textContent.replace(/\s+/g, " ") || "");
  } finally {
    button.disabled = false;
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-columns]");
  if (!form) return;
  const chosen = [...form.querySelectorAll("[data-column]:checked")].map((box) => box.dataset.column);
  form.querySelector("input[name=columns]").value = chosen.join(",");
});

document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-find]");
  if (!field) return;
  const sought = field.value.trim().toLowerCase();
  let first = null;
  document.querySelectorAll(`#${CSS.escape(field.dataset.find)} .leaf, #${CSS.escape(field.dataset.find)} summary`).forEach((line) => {
    const fits = sought !== "" && line.textContent.toLowerCase().includes(sought);
    line.classList.toggle("found", fits);
    if (fits && !first) first = line;
  });
  first?.scrollIntoView({ block: "center" });
});
