// What the players of recorded runs share: one time that a bar, keys, a chart, links in sentences and the address move.
// A kind of player has methods
//   open()   fetches what it shows and resolves to the recorded steps
//   html()   of the board: a .player__head, bar(…), a <details class="player__numbers"> and FOOT among its own
//   build()  makes and returns the board's charts
//   words()  what is said of the frame this.t: what stands in the head, in order
//   stills() a strip for who prefers no motion
// and may add to listen, refresh, prepare, restore and state.

import { calm } from "../drawing/reduced-motion.js";

const SECONDS = 8; // Of all frames, at speed 1, as in the films.

// A phone's battery and processor are its reader's: there a finger starts the play.
const waits = () => calm() || navigator.connection?.saveData || matchMedia("(pointer: coarse)").matches;
// And not come back, to where its reader was.
const arrived = () => performance.getEntriesByType("navigation")[0].type === "navigate";
// Between two pieces of work the page can answer.
const breath = () => new Promise((resolve) => setTimeout(resolve));

// Text of a record or an attribute, as it may stand in HTML.
export const escaped = (text) => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt()};`);

// The last record no later than a step.
export const upTo = (steps, step) => Math.max(0, steps.findLastIndex((each) => each <= step));

export class Scrubber extends HTMLElement {
  connectedCallback() {
    this.away = new AbortController();
    document.addEventListener("click", (event) => this.follow(event), { capture: true, signal: this.away.signal });
    this.near = new IntersectionObserver(([entry]) => entry.isIntersecting && this.load(), { rootMargin: "300px" });
    this.near.observe(this);
    this.charts?.forEach((chart) => chart.connect());
    if (!this.board && !location.hash && this.isNamed() && arrived()) this.scrollIntoView();
  }

  disconnectedCallback() {
    this.away.abort();
    [this.near, this.seen].forEach((observer) => observer?.disconnect());
    this.setPlaying(false);
    clearTimeout(this.saving);
    this.charts?.forEach((chart) => chart.disconnect());
  }

  load() {
    return (this.loading ??= this.start().catch(({ message }) => {
      const sentence = document.createElement("p");
      sentence.textContent = `The player could not be loaded (${message}); this picture stands in for it.`;
      this.append(sentence);
    }));
  }

  async start() {
    this.steps = await this.open();
    this.last = this.t = this.steps.length - 1;
    await breath();
    this.prepare(this.t);
    await breath();
    this.board = document.createElement("div");
    Object.assign(this.board, { className: "player", tabIndex: 0, role: "group", ariaLabel: "Player of a training run" });
    this.board.innerHTML = this.html();
    for (const name of ["head", "play", "back", "on", "scrub", "speed", "numbers", "spoken"]) [this[name]] = this.all(name);
    this.scrub.max = this.scrub.value = this.t;
    this.charts = this.build();
    this.listen();
    if (calm()) await this.stills();
    if (this.isNamed()) this.restore(new URLSearchParams(location.search));
    else if (this.hasAttribute("step")) this.restore(new Map([["step", this.getAttribute("step")]]));
    else if (!waits()) this.playWhenSeen();
    await breath();
    this.show(this.t);
    this.querySelector(".player")?.remove(); // Of a player that was copied.
    this.append(this.board);
    if (this.isConnected) this.charts.forEach((chart) => chart.connect());
  }

  all(name) {
    return [...this.board.querySelectorAll(`.player__${name}`)];
  }

  listen() {
    const on = (target, kind, act) => target.addEventListener(kind, act);
    on(this.scrub, "input", () => this.seek(Number(this.scrub.value)));
    on(this.play, "click", () => this.toggle());
    on(this.back, "click", () => this.seek(this.t - 1));
    on(this.on, "click", () => this.seek(this.t + 1));
    on(this.numbers, "toggle", () => this.refresh());
    on(this.board, "keydown", (event) => this.key(event));
  }

  // A chart along whose x the frames lie, at `places`, is a scrubber too.
  scrubOn(chart, places) {
    const { canvas } = chart;
    const seek = (event) => {
      const at = chart.px(chart.at(event).x);
      const away = Array.from(places, (place) => Math.abs(chart.px(place) - at));
      this.seek(away.indexOf(Math.min(...away)));
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      seek(event);
    });
    canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && seek(event));
  }

  // --- time

  // What a reader asks for: it stops the play, is spoken, and stays in the address. The slider speaks for itself.
  seek(t) {
    this.setPlaying(false);
    this.show(Math.min(this.last, Math.max(0, t)));
    this.spoken.textContent = document.activeElement === this.scrub ? "" : this.scrub.ariaValueText;
    this.keep();
  }

  show(t) {
    this.t = this.scrub.value = t;
    const words = this.words();
    this.scrub.ariaValueText = words.join(", ");
    words.forEach((word, k) => (this.head.children[k].textContent = word));
    this.refresh();
  }

  refresh() {
    this.charts.forEach((chart) => chart.refresh());
  }

  prepare() {} // The next frame, in the time to spare.

  toggle() {
    if (this.playing) return this.seek(this.t);
    if (this.t === this.last) this.show(0);
    this.setPlaying(true);
    let due = performance.now();
    const tick = (now) => {
      const each = (1000 * SECONDS) / (this.last + 1) / this.speed.value;
      if (now - due >= each) {
        due = Math.max(due + each, now - each);
        this.show(this.t + 1);
      } else {
        this.prepare(this.t + 1);
      }
      if (this.t < this.last) this.playing = requestAnimationFrame(tick);
      else this.setPlaying(false);
    };
    this.playing = requestAnimationFrame(tick);
  }

  setPlaying(on) {
    cancelAnimationFrame(this.playing);
    this.playing = on;
    if (!this.board) return;
    this.play.ariaLabel = on ? "Pause" : "Play";
    this.play.classList.toggle("player__play--on", on);
  }

  // Once, and for nobody who has begun by himself.
  playWhenSeen() {
    this.t = 0;
    this.seen = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      this.seen.disconnect();
      if (!this.playing && this.t === 0) this.toggle();
    }, { threshold: 0.6 });
    this.seen.observe(this.charts[0].canvas);
  }

  key(event) {
    const { target, key } = event;
    const moves = { ArrowLeft: this.t - 1, ArrowRight: this.t + 1, Home: 0, End: this.last };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === " " && (target === this.board || target === this.scrub)) this.toggle();
    else if (target === this.board && key in moves) this.seek(moves[key]);
    else return;
    event.preventDefault();
  }

  // --- the address

  isNamed() {
    return this.id && new URLSearchParams(location.search).get("player") === this.id;
  }

  // A sentence's link that names this player drives it.
  async follow(event) {
    const link = event.target.closest?.('a[href*="player="]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { pathname, searchParams } = new URL(link.href);
    if (!this.id || pathname !== location.pathname || searchParams.get("player") !== this.id) return;
    event.preventDefault();
    event.stopPropagation();
    await this.load();
    if (!this.board) return;
    this.restore(searchParams);
    this.seek(this.t);
    this.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  }

  restore(given) {
    if (given.has("step")) this.t = upTo(this.steps, Number(given.get("step")));
  }

  state() {
    return { player: this.id, step: this.steps[this.t] };
  }

  // Not at every move: browsers limit how often an address may change.
  keep() {
    clearTimeout(this.saving);
    if (!this.id) return;
    const { pathname } = location;
    this.saving = setTimeout(() => {
      const url = new URL(location.href);
      // By then the reader may have gone to another page, whose address this is not.
      if (url.pathname !== pathname) return;
      for (const [name, value] of Object.entries(this.state())) value === null ? url.searchParams.delete(name) : url.searchParams.set(name, value);
      url.hash = this.id; // A page is long: a link that is shared leads to its player.
      history.replaceState(history.state, "", url);
    }, 300);
  }
}

const button = (name, label, ...icons) =>
  `<button type="button" class="player__${name}" aria-label="${label}">${icons.map((icon) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icon}"/></svg>`).join("")}</button>`;
const speeds = [0.25, 0.5, 1, 2, 4].map((speed) => `<option value="${speed}"${speed === 1 ? " selected" : ""}>${speed}\u00d7</option>`);

export const bar = (label) => `
  <div class="player__bar">
    ${button("play", "Play", "M8 5v14l11-7z", "M6 5h4v14H6zM14 5h4v14h-4z")}
    ${button("back", "One record back", "M7 5h2v14H7zM19 5v14l-9-7z")}${button("on", "One record on", "M15 5h2v14h-2zM5 5v14l9-7z")}
    <input type="range" class="player__scrub" min="0" step="1" aria-label="${label}">
    <select class="player__speed" aria-label="Speed">${speeds.join("")}</select>
  </div>`;
export const FOOT = `
  <details class="player__numbers"><summary>Numbers behind the picture</summary><div></div></details>
  <p class="player__spoken" aria-live="polite"></p>`;
