// A bar that follows work on our server; when the work has ended, the page is read again.
const LOOK_AGAIN_MS = 1000;

export function watchProgress() {
  const place = document.querySelector("[data-progress]");
  if (place) setTimeout(() => look(place), LOOK_AGAIN_MS);
}

async function look(place) {
  try {
    const response = await fetch(place.dataset.progress, { headers: { "x-kopuro-live": "1" }, credentials: "same-origin", redirect: "error" });
    if (!response.ok) return;
    const state = await response.json();
    if (!state.running) return location.reload();
    const bar = place.querySelector("progress");
    bar.max = state.total || 1;
    bar.value = state.done;
    place.querySelector("[data-done]").textContent = String(state.done);
  } catch {
    // the connection is gone for a moment: look again
  }
  setTimeout(() => look(place), LOOK_AGAIN_MS);
}
