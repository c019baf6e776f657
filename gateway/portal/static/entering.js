// A form that is being filled: values are put in as they come, and what the clerk types is counted.
const LOOK_AGAIN_MS = 700;

export function countTyping() {
  const shown = document.querySelector("[data-typed]");
  const form = document.getElementById("entering");
  if (!shown || !form) return;
  const before = Number(document.getElementById("typed").dataset.before);
  const count = () => {
    const typed = [...form.querySelectorAll("input[type=text]:not([readonly]), input[type=date]:not([readonly])")]
      .filter((each) => each.closest("[data-field]") && each.value !== each.defaultValue)
      .reduce((sum, each) => sum + each.value.length, 0);
    shown.textContent = String(before + typed);
  };
  form.addEventListener("input", count);
}

export function watchArrivals() {
  const form = document.querySelector("[data-fills]");
  if (form) setTimeout(() => look(form), LOOK_AGAIN_MS);
}

async function look(form) {
  let state;
  try {
    const response = await fetch(form.dataset.fills, { headers: { "x-kopuro-live": "1" }, credentials: "same-origin", redirect: "error" });
    if (!response.ok) return;
    state = await response.json();
  } catch {
    setTimeout(() => look(form), 4 * LOOK_AGAIN_MS);
    return;
  }
  for (const [name, told] of Object.entries(state.fields)) put(name, told);
  const filled = document.querySelector("[data-filled]");
  if (filled) filled.textContent = String(state.filled);
  if (state.waiting) setTimeout(() => look(form), LOOK_AGAIN_MS);
  else finish(form);
}

function put(name, told) {
  const field = document.querySelector(`[data-field="${CSS.escape(name)}"]`);
  const input = field?.querySelector("input, select");
  if (!input || input.readOnly || !told.locked) return;
  if (input.tagName === "SELECT") input.value = told.value;
  else input.value = told.value;
  input.defaultValue = input.value;
  if (input.tagName !== "SELECT") input.readOnly = true;
  field.classList.add("filled-locked", "arrived");
  field.querySelector(".source").textContent = told.source;
}

function finish(form) {
  document.getElementById("waits")?.remove();
  document.querySelectorAll(".filled:not(.filled-locked) .source").forEach((each) => { each.textContent = ""; });
  const place = document.getElementById("announce");
  if (place) place.textContent = form.dataset.arrived;
}
