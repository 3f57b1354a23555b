// <bayes-playground src="start.json">: the post's network, trained in the reader's browser on points that can be moved. Its
// children are what is there without JavaScript and in print. src: what the build's own run began with and came to.

import { BOARD, Settings, enable } from "./controls.js";
import { elboChart, fitChart, setElbo, setFit } from "./charts.js";
import { Compare } from "./compare.js";
import { namedPoints, truthOf } from "./data.js";
import { Points } from "./points.js";
import { Reading } from "./readout.js";
import { roundedPoint, toLink, tooMany, withPoints } from "./state.js";
import { Taking } from "./sharing.js";
import { Trainer } from "./trainer.js";
import { GREETING, begunAgain, brokenTraining, defect, failure, goodEnd, oddity } from "./messages.js";

const REWINDS = ["width", "depth", "activation", "initialStd", "seed", "nSteps"];
const OF_THE_MODEL = ["priorStd", "noiseStd", "width", "depth", "activation"]; // And so of what HMC draws from.
const PARTS = ["data", "undo", "remove", "fit", "layer", "says", "elbo", "spoken", "add"];

class BayesPlayground extends HTMLElement {
  connectedCallback() {
    this.away = new AbortController();
    const { signal } = this.away;
    document.addEventListener("click", (event) => this.taking?.follow(event), { capture: true, signal });
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
    this.trainer = new Trainer({ picture: (again) => this.picture(again), verified: (digest) => this.verified(digest), broken: (message) => this.broken(message) });
    this.charts = [fitChart(this.$fit, this), elboChart(this.$elbo, this)];
    this.points = new Points(this.$layer, this.charts[0], { changed: (...what) => this.pointsChanged(...what), speak: (text) => this.speak(text) });
    this.reading = new Reading(this, this.board);
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
    on("data", () => this.$data.value !== "own" && this.replacePoints(withPoints(this.named, this.$data.value)), "change");
    on("add", () => this.points.addInWidest());
    on("remove", () => this.points.remove());
    on("undo", () => this.replacePoints(this.undone.pop(), false));
    on("train", () => (this.trainer.running ? this.pause() : this.train()));
    on("single", () => this.single());
    on("rewind", () => this.rewind("Back at the same start."));
    on("seed", () => this.set({ seed: (this.state.seed + 1) % 2 ** 32 }));
    on("reset", () => this.open("", "This is the start again."));
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
    if (rewinds || failed !== null || !trainer.worker || !(step || carried)) {
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
    enable(this.$undo, this.undone.length, this.$add);
    enable(this.$remove, state.points.length, this.$add);
    this.settings.show(state);
    setFit(this.charts[0], state);
    this.points.show(state.points, state.units);
    this.board.classList.toggle("play--own", own);
    this.taking.show(state);
    this.charts[0].refresh();
  }

  // --- training

  train() {
    const { trainer, state } = this;
    if (trainer.over || trainer.failed !== null || !trainer.worker) trainer.start(state);
    trainer.run();
    this.say(oddity(state) ?? "Training.");
    this.reading.run();
  }

  pause() {
    this.trainer.pause();
    this.say("Paused.");
    this.reading.run();
  }

  single() {
    if (this.trainer.over) return this.say("The run is over. Rewind to see its steps one by one.");
    if (!this.trainer.worker) this.trainer.start(this.state);
    this.trainer.single();
    this.say("One step.");
  }

  rewind(note) {
    this.trainer.start(this.state);
    this.say(note);
  }

  // again: whether the worker began again, for it was at an end that had not been heard of here.
  picture(again) {
    const { trainer, charts, compare } = this;
    this.medians = setElbo(charts[1], this);
    charts.forEach((chart) => chart.refresh());
    this.reading.run();
    if (again) this.say(begunAgain(trainer));
    if (trainer.failed !== null) this.say(failure(trainer, this.state), true);
    // While a reader predicts, it is no secret to tell.
    else if (trainer.over && !this.ended && compare.stage !== "guess") this.end();
    this.ended = trainer.over;
    this.reading.again();
  }

  end() {
    const { trainer, state, medians } = this;
    const elbo = medians.medians.elbo.at(-1);
    const wrong = trainer.finite && defect(trainer, state, elbo);
    this.verdict = wrong || goodEnd(elbo, state);
    this.say(this.verdict, Boolean(wrong));
    this.compare.trained();
  }

  // The default's whole run, done here as the build did it.
  verified(digest) {
    const isStart = toLink(this.state) === "";
    this.dataset.digest = digest;
    if (!isStart) return;
    const same = digest === this.original.digest;
    this.dataset.same = same;
    // The reader may have gone on by then.
    if (this.$says.textContent === this.verdict) this.say(`${this.verdict} ${same ? "Your browser got the same run as the build, bit for bit." : "Your browser did not get the build's own numbers: its arithmetic differs somewhere."}`, !same);
  }

  broken(message) {
    this.reading.run();
    this.say(brokenTraining(message), true);
  }

  speak(text) {
    this.$spoken.textContent = text;
  }

  say(text, warning = false) {
    // What is said twice would be spoken twice.
    if (this.$says.textContent !== text) this.$says.textContent = text;
    this.$says.classList.toggle("play__says--warning", Boolean(warning));
  }
}

customElements.get("bayes-playground") ?? customElements.define("bayes-playground", BayesPlayground);
