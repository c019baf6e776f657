// Keys: j/k move among rows (data-row), Enter opens (its first link), x selects, others press what has data-key.
const rows = () => [...document.querySelectorAll("[data-row]")];
const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

export function watchKeys() {
  document.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.keys === "off") return;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (press(event.key)) event.preventDefault();
  });
}

function press(key) {
  if (key === "j") return move(1);
  if (key === "k") return move(-1);
  if (key === "Enter") return open();
  if (key === "x") return select();
  if (key === "/") return focusSearch();
  if (key === "?") return help();
  return pressMarked(key);
}

function here() {
  const at = document.activeElement?.closest("[data-row]");
  return at || document.querySelector("[data-row].row-here");
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(here());
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  all.forEach((row) => row.classList.toggle("row-here", row === next));
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function open() {
  const focused = document.activeElement;
  if (focused && focused !== document.body && !focused.matches("[data-row]")) return false;
  const link = here()?.querySelector("a[href]");
  link?.click();
  return Boolean(link);
}

function select() {
  const box = here()?.querySelector("input[type=checkbox]");
  box?.click();
  return Boolean(box);
}

function focusSearch() {
  const field = document.querySelector("[data-search]");
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

function help() {
  document.getElementById("help").showModal();
  return true;
}

function pressMarked(key) {
  const inRow = here()?.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const marked = inRow || document.querySelector(`[data-key="${CSS.escape(key)}"]:not([data-row] *)`);
  marked?.click();
  return Boolean(marked);
}
