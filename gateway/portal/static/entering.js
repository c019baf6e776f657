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
  warn(state.warnings);
  list(state.sources);
  const filled = document.querySelector("[data-filled]");
  if (filled) filled.textContent = String(state.filled);
  const fields = document.querySelector("[data-fields]");
  if (fields) fields.textContent = state.fields_filled;
  if (state.waiting) setTimeout(() => look(form), LOOK_AGAIN_MS);
  else finish(form);
}

function put(name, told) {
  const field = document.querySelector(`[data-field="${CSS.escape(name)}"]`);
  const input = field?.querySelector("input, select");
  if (!input || (!told.locked && !field.classList.contains("arrived"))) return;
  // what was locked from the start stays; a field that only sources fill is read-only and empty until one speaks
  if (input.readOnly && field.classList.contains("filled-locked") && !field.classList.contains("arrived")) return;
  // what a later source contradicts is not this person's: it goes again
  input.value = told.value;
  input.defaultValue = told.value;
  if (input.tagName !== "SELECT" && input.name) input.readOnly = told.locked;
  field.classList.toggle("filled-locked", told.locked);
  field.classList.add("arrived");
  field.querySelector(".source").textContent = told.locked ? told.source : told.status;
}

function warn(sentences) {
  const place = document.getElementById("warnings");
  place.replaceChildren(...sentences.map((said) => element("div", "notice notice-warn", said)));
}

function list(sources) {
  const place = document.getElementById("sources");
  const rows = sources.map((each) => {
    const row = element("li", "", each.name);
    row.append(element("span", "badge push", each.outcome));
    return row;
  });
  const waits = document.getElementById("waits");
  place.replaceChildren(...rows, ...(waits ? [waits] : []));
}

function element(name, style, said) {
  const made = document.createElement(name);
  made.className = style;
  made.textContent = said;
  return made;
}

function finish(form) {
  document.getElementById("waits")?.remove();
  document.querySelectorAll(".filled:not(.filled-locked):not(.arrived) .source").forEach((each) => { each.textContent = ""; });
  const place = document.getElementById("announce");
  if (place) place.textContent = form.dataset.arrived;
}
