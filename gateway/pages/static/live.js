// Live refreshes. An element with data-live="address" asks that address every data-every seconds and takes what comes:
// with data-live-mode="prepend" new rows go before the others (the answer's [data-next] is asked next), otherwise the
// answer's element of the same id replaces this one. A button with data-live-toggle="its id" pauses and resumes.
import { announce } from "./announce.js";
import { fetchFragment } from "./fragment.js";

const LONGEST = 60_000;

export function watchLive() {
  document.querySelectorAll("[data-live]").forEach((element) => new Live(element.id).begin());
}

class Live {
  constructor(id) {
    this.id = id;
    this.address = this.element.dataset.live;
    this.every = Number(this.element.dataset.every || 3) * 1000;
    this.most = Number(this.element.dataset.most || 200);
    this.failures = 0;
    this.state = document.querySelector(`[data-live-state="${id}"]`);
    this.button = document.querySelector(`[data-live-toggle="${id}"]`);
    this.paused = this.element.dataset.paused === "yes";
  }

  get element() {
    return document.getElementById(this.id);
  }

  begin() {
    this.button?.addEventListener("click", () => this.toggle());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.later(0); });
    this.show(this.paused ? "paused" : "on");
    this.later(this.every);
  }

  toggle() {
    this.paused = !this.paused;
    this.show(this.paused ? "paused" : "on");
    if (!this.paused) this.later(0);
  }

  show(state) {
    if (this.state) {
      this.state.dataset.state = state;
      const words = this.state.querySelector("[data-words]");
      if (words) words.textContent = words.dataset[state];
    }
    if (this.button) {
      this.button.setAttribute("aria-pressed", String(this.paused));
      const words = this.button.querySelector("[data-words]") || this.button;
      words.textContent = this.paused ? words.dataset.resume : words.dataset.pause;
    }
  }

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), wait);
  }

  async refresh() {
    if (this.paused || document.hidden) return;
    try {
      const answer = await fetchFragment(this.address);
      this.failures = 0;
      this.show("on");
      if (answer) this.take(answer);
    } catch (error) {
      this.failures += 1;
      this.show("lost");
      if (error.status === 401 || error.status === 403) return;
    }
    this.later(Math.min(LONGEST, this.every * 2 ** this.failures));
  }

  take(answer) {
    const place = this.element;
    if (place.dataset.liveMode !== "prepend") {
      const made = answer.getElementById(this.id);
      if (made && !place.contains(document.activeElement)) place.replaceWith(document.importNode(made, true));
      return;
    }
    const carrier = answer.querySelector("[data-next]");
    if (carrier) this.address = carrier.dataset.next;
    const known = new Set([...place.querySelectorAll("[data-id]")].map((row) => row.dataset.id));
    const made = [...answer.querySelectorAll("[data-row]")].filter((row) => !known.has(row.dataset.id));
    if (!made.length) return;
    const rows = made.map((row) => document.importNode(row, true));
    rows.forEach((row) => row.classList.add("row-new"));
    place.prepend(...rows);
    [...place.querySelectorAll("[data-row]")].slice(this.most).forEach((row) => row.remove());
    announce(carrier?.dataset.announce || "");
    document.dispatchEvent(new CustomEvent("kopuro:rows"));
  }
}
