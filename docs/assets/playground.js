// <bayes-playground src="start.json">: the post's network, trained in the reader's browser on points that can be moved. Its
// children are what is there without JavaScript and in print. src: what the build's own run began with and came to.

import { BOARD, HINT, Settings } from "./playground-board.js";
import { elboChart, fitChart, setElbo, setFit } from "./playground-charts.js";
import { Compare } from "./playground-compare.js";
import { namedPoints, truthOf } from "./playground-data.js";
import { Points } from "./playground-points.js";
import { bestConstant, roundedPoint, toLink, tooMany, withPoints } from "./playground-state.js";
import { Taking } from "./playground-taking.js";
import { Trainer } from "./playground-trainer.js";
import { GREETING, defect, failure, formatted, goodEnd, oddity, ratio, whole } from "./playground-words.js";

const REWINDS = ["width", "depth", "activation", "initialStd", "seed", "nSteps"];
const OF_THE_MODEL = ["priorStd", "noiseStd", "width", "depth", "activation"]; // And so of what HMC draws from.
const PARTS = ["data", "undo", "remove", "fit", "layer", "place", "read", "train", "count", "says", "elbo", "spoken"];

class BayesPlayground extends HTMLElement {
  connectedCallback() {
    this.away = new AbortController();
    const { signal } = this.away;
    document.addEventListener("click", (event) => this.follow(event), { capture: true, signal });
    if (this.board) this.wake();
    else this.load(signal);
  }

  disconnectedCallback() {
    this.away.abort();
    if (!this.board) return;
    this.taking.stop();
    this.compare.changed();
    [this.trainer, ...this.charts].forEach((part) => part.disconnect());
  }

  async load(signal) {
    try {
      const answer = await fetch(this.getAttribute("src"), { signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.original = await answer.json();
    } catch ({ name, message }) {
      if (name === "AbortError") return;
      const sentence = document.createElement("p");
      sentence.textContent = `The playground could not be loaded (${message}); this picture stands in for it.`;
      this.append(sentence);
      return;
    }
    this.build();
    this.wake();
  }

  build() {
    this.named = namedPoints(this.original.points);
    this.board = document.createElement("div");
    this.board.className = "play";
    this.board.innerHTML = BOARD;
    for (const name of PARTS) this[`$${name}`] = this.board.querySelector(`.play__${name}`);
    this.trainer = new Trainer({ picture: () => this.picture(), verified: (digest) => this.verified(digest), broken: (message) => this.broken(message) });
    this.charts = [fitChart(this.$fit, this), elboChart(this.$elbo, this)];
    const speak = (text) => (this.$spoken.textContent = text);
    this.points = new Points(this.$layer, this.charts[0], { changed: (...what) => this.pointsChanged(...what), speak });
    this.compare = new Compare(this, this.board);
    this.taking = new Taking(this, this.board);
    this.settings = new Settings(this.board.querySelector(".play__settings"), (key, value) => this.set({ [key]: value }));
    this.undone = [];
    this.listen();
    this.append(this.board);
  }

  wake() {
    this.trainer.connect();
    this.charts.forEach((chart) => chart.connect());
    this.open(location.search);
  }

  listen() {
    const on = (name, act, kind = "click") => this.board.querySelector(`.play__${name}`).addEventListener(kind, act);
    on("data", () => this.choose(this.$data.value), "change");
    on("add", () => this.points.addInWidest());
    on("remove", () => this.points.remove());
    on("undo", () => this.undo());
    on("train", () => (this.trainer.running ? this.pause() : this.train()));
    on("single", () => this.single());
    on("rewind", () => this.rewind("Back at the same start."));
    on("seed", () => this.set({ seed: (this.state.seed + 1) % 2 ** 32 }));
    on("reset", () => this.open("", "This is the start again."));
    on("place", () => this.readAt(Number(this.$place.value)), "input");
    on("layer", (event) => this.readAt(this.placeUnder(event)), "pointermove");
    on("layer", () => this.readAt(-1), "pointerleave");
  }

  // --- the state

  // What a link says. Returns whether all of it could be read.
  open(search, note) {
    const { state, troubles } = this.taking.read(search);
    this.compare.changed();
    // The points of before are a step back away, but at the very first.
    if (this.state) this.remember();
    this.state = state;
    this.show();
    this.trainer.start(state);
    this.say(troubles.join(" ") || note || oddity(state) || GREETING, troubles.length);
    return !troubles.length;
  }

  // Settings that change; what the network is or how it begins needs another start.
  set(changes) {
    const among = (names) => Object.keys(changes).some((key) => names.includes(key));
    this.state = { ...this.state, ...changes };
    if (among(OF_THE_MODEL)) this.compare.changed();
    this.show();
    this.goOn(among(REWINDS), "setting");
  }

  goOn(rewinds, what) {
    const { trainer, state } = this;
    const { step, running, over, carried, failed } = trainer;
    let note = oddity(state);
    if (rewinds || failed !== null || !(step || carried)) {
      trainer.start(state);
      if (running) trainer.run();
      if (step) note ??= `With this ${what} the run begins again from its start.`;
    } else {
      trainer.change(state);
      note ??= `${running ? "Training" : "Train"} goes on from this posterior${over || (carried && !step) ? ", with as many steps again" : ""}; Rewind begins anew.`;
    }
    this.say(note ?? GREETING);
  }

  pointsChanged(points, what, dragging) {
    if (what === "full") return this.say(tooMany(points.length + 1), true);
    if (!dragging) this.remember();
    // A link keeps thousandths, and the run shall be the link's.
    const own = points.map((point) => roundedPoint(point, this.state.units));
    this.state = { ...this.state, data: "own", points: own };
    this.compare.changed();
    this.show();
    this.goOn(false, "data");
  }

  remember() {
    const { data, points, units, noiseStd } = this.state;
    this.undone.push({ data, points, units, noiseStd });
  }

  undo() {
    this.replacePoints(this.undone.pop(), false);
  }

  choose(data) {
    if (data !== "own") this.replacePoints(withPoints(this.named, data));
  }

  replacePoints(changes, remembered = true) {
    if (remembered) this.remember();
    const { yScale } = this.state.units;
    const noise = this.state.noiseStd / yScale;
    this.state = { ...this.state, noiseStd: Number((noise * changes.units.yScale).toPrecision(6)), ...changes };
    this.compare.changed();
    this.show();
    this.goOn(true, "data");
  }

  // Everything that follows from the state alone.
  show() {
    const { state } = this;
    const own = state.data === "own";
    this.$data.lastElementChild.hidden = !own;
    this.$data.value = state.data;
    this.truth = own ? undefined : truthOf(state.data);
    this.$undo.disabled = !this.undone.length;
    this.$remove.disabled = !state.points.length;
    this.settings.show(state);
    setFit(this.charts[0], state);
    this.points.show(state.points, state.units);
    this.board.classList.toggle("play--own", own);
    this.taking.show(state);
    this.charts[0].refresh();
  }

  // --- training

  train() {
    if (this.trainer.over || this.trainer.failed !== null) this.trainer.start(this.state);
    this.trainer.run();
    this.say(oddity(this.state) ?? "Training.");
    this.showRun();
  }

  pause() {
    this.trainer.pause();
    this.say("Paused.");
    this.showRun();
  }

  single() {
    if (this.trainer.over) return this.say("The run is over. Rewind to see its steps one by one.");
    this.trainer.single();
    this.say("One step.");
  }

  rewind(note) {
    this.trainer.start(this.state);
    this.say(note);
  }

  picture() {
    const { trainer, charts } = this;
    this.medians = setElbo(charts[1], this);
    charts.forEach((chart) => chart.refresh());
    this.showRun();
    if (trainer.failed !== null) this.say(failure(trainer, this.state), true);
    else if (trainer.over && !this.ended) this.end();
    this.ended = trainer.over;
    this.readAgain();
  }

  end() {
    const { trainer, state, medians } = this;
    const elbo = medians.medians.elbo.at(-1);
    const wrong = trainer.finite && defect(trainer, state, elbo);
    this.say(wrong || goodEnd(elbo, state), Boolean(wrong));
    this.compare.trained();
  }

  // The default's whole run, done here as the build did it.
  verified(digest) {
    const isStart = toLink(this.state) === "";
    this.dataset.digest = digest;
    if (!isStart) return;
    const same = digest === this.original.digest;
    this.dataset.same = same;
    this.say(`${this.$says.textContent} ${same ? "Your browser got the same run as the build, bit for bit." : "Your browser did not get the build's own numbers: its arithmetic differs somewhere."}`, !same);
  }

  broken(message) {
    this.say(`A part of the playground stopped (${message || "its worker could not be started"}). Load the page again.`, true);
  }

  showRun() {
    const { trainer, medians } = this;
    const { step, nSteps, running, stopped, speed, failed, over } = trainer;
    this.board.classList.toggle("play--running", running);
    this.$train.lastElementChild.textContent = running ? "Pause" : "Train";
    const [count, pace] = this.$count.children;
    count.textContent = `step ${whole(step)} of ${whole(nSteps)}`;
    pace.textContent = speed ? `· ${whole(speed)} steps a second` : "";
    Object.assign(this.dataset, { step, stepsPerSecond: Math.round(speed ?? 0), run: failed !== null ? "failed" : over ? "over" : running || !stopped ? "running" : "paused" });
    const found = step && this.compare.sees("training") ? medians.medians : undefined;
    const values = [found?.elbo.at(-1), found?.likelihood.at(-1), found && -found.kl.at(-1), bestConstant(this.state)];
    this.board.querySelectorAll(".play__elbos b").forEach((b, k) => (b.textContent = Number.isFinite(values[k]) ? whole(values[k]) : "–"));
  }

  // --- what is read

  readAt(place) {
    const { trainer, compare } = this;
    this.place = place >= 0 && compare.sees("training") ? Math.min(place, trainer.x.length - 1) : undefined;
    this.$place.value = place;
    this.$read.textContent = this.place === undefined ? HINT : this.valuesAt(this.place);
    this.$place.ariaValueText = this.$read.textContent;
    this.charts[0].refresh();
  }

  readAgain() {
    if (this.place !== undefined) this.readAt(this.place);
  }

  valuesAt(place) {
    const { x, mean, std } = this.trainer;
    const values = [`x ${formatted(x[place])}`, `mean ${formatted(mean[place])}`, `sd of f ${formatted(std[place])}`];
    const { exact } = this.compare;
    if (this.compare.sees("exact")) values.push(`HMC's sd ${formatted(exact.std[place])}: ${ratio(exact.std[place], std[place])}`);
    else values.push(`with noise ${formatted(Math.hypot(std[place], this.state.noiseStd))}`);
    return values.join(" · ");
  }

  placeUnder(event) {
    const { x: [first, second], x } = this.trainer;
    const place = Math.round((this.charts[0].at(event).x - first) / (second - first));
    return place >= 0 && place < x.length ? place : -1;
  }

  // A sentence's link to a state of this page is opened in place, and trained.
  follow(event) {
    const link = event.target.closest?.('a[href*="?v="]');
    if (!this.board || !link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || url.pathname !== location.pathname) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.open(url.search)) this.train();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.board.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }

  say(text, warning = false) {
    // What is said twice would be spoken twice.
    if (this.$says.textContent !== text) this.$says.textContent = text;
    this.$says.classList.toggle("play__says--warning", Boolean(warning));
  }
}

customElements.get("bayes-playground") ?? customElements.define("bayes-playground", BayesPlayground);
