// Rows are selected by their checkboxes; a bar with data-bulk="form id" shows how many, and the form sends them.
export function watchSelection() {
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
    if (box.dataset.all) document.querySelectorAll(`input[name="${CSS.escape(box.dataset.all)}"]`).forEach((each) => { each.checked = box.checked; });
    count();
  });
  document.addEventListener("kopuro:rows", count);
  count();
}

function count() {
  document.querySelectorAll("[data-row]").forEach((row) => {
    const box = row.querySelector("input[type=checkbox]");
    if (box) row.setAttribute("aria-selected", String(box.checked));
  });
  document.querySelectorAll("[data-bulk]").forEach((bar) => {
    const chosen = document.querySelectorAll(`[data-row] input[name="${CSS.escape(bar.dataset.bulk)}"]:checked`).length;
    bar.hidden = chosen === 0;
    const place = bar.querySelector("[data-chosen]");
    if (place) place.textContent = String(chosen);
  });
}
