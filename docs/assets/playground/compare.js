// What the training is held against: HMC's band, and the band that a reader expects.

import { enable } from "./controls.js";
import { Exact } from "./hmc-chains.js";
import { Guess } from "./prediction-game.js";
import { honesty, scored, tooSure } from "./messages.js";

const ASKED = "Drag the two edges, or move them by arrow keys, to where you expect f: 95 in 100 functions between them. Then reveal.";
const WHAT = "HMC draws from the exact posterior, in further workers of your browser. It takes some seconds, or a minute.";
// What the button that leads on says in each stage.
const NEXT = { none: "Predict, then reveal", guess: "Reveal the training", training: "Reveal HMC", exact: "Done" };

export class Compare {
  // play: the element, with its state, trainer, charts, points, and what it says.
  constructor(play, board) {
    const find = (name) => board.querySelector(`.play__${name}`);
    Object.assign(this, { play, board, stage: "none", asked: false });
    Object.assign(this, { button: find("exact"), more: find("draws"), next: find("guess"), leave: find("leave"), progress: find("progress"), honest: find("honest") });
    const layer = find("layer");
    this.exact = new Exact({ exact: () => this.show(), failed: (note) => this.drop(note, true) });
    this.guess = new Guess(layer, play.charts[0], { guessed: () => play.charts[0].refresh() });
    this.button.addEventListener("click", () => (this.asked ? this.drop() : this.ask()));
    this.more.addEventListener("click", () => this.exact.more());
    this.next.addEventListener("click", () => this.goOn());
    this.leave.addEventListener("click", () => this.end());
    board.dataset.stage = this.stage;
    play.dataset.exact = "none";
    this.tell(WHAT);
  }

  sees(what) {
    if (what === "training") return this.stage !== "guess" && this.play.trainer.mean !== undefined && this.play.trainer.finite;
    return this.asked && this.stage !== "guess" && this.stage !== "training" && this.exact.mean !== undefined;
  }

  // --- HMC

  ask() {
    this.asked = true;
    this.exact.start(this.play.state);
    this.show();
  }

  // Of another model or other points it says nothing.
  drop(note = WHAT, failed = false) {
    this.asked = false;
    this.exact.stop();
    this.show();
    this.tell(note, failed, failed);
  }

  tell(note, aloud = false, warning = false) {
    if (aloud && note !== this.honest.textContent) this.play.speak(note);
    this.honest.textContent = note;
    this.honest.classList.toggle("play__honest--warning", warning);
  }

  changed() {
    if (this.asked) this.drop("HMC's band was of other points or another model: lay it over again.");
    this.end();
  }

  show() {
    const { exact, asked, play } = this;
    this.button.setAttribute("aria-pressed", asked);
    this.button.textContent = asked ? "Take HMC away" : "Lay HMC over it";
    this.progress.value = asked ? exact.progress : 0;
    enable(this.more, exact.done, this.button);
    play.dataset.exact = !asked ? "none" : exact.done ? "done" : "running";
    if (asked && exact.done) {
      const compared = play.trainer.over && this.sees("exact") ? tooSure(play.trainer, exact, play.state.points) : "";
      this.tell(honesty(exact) + compared, true);
      if (this.stage === "exact") this.score(exact, "HMC's");
    } else if (asked) {
      this.tell(`HMC, ${exact.draws.length === 1 ? "in a worker" : `in ${exact.draws.length} workers`}: ${Math.round(100 * exact.progress)}% done.`);
    }
    play.charts[0].refresh();
    play.reading.again();
  }

  // --- predict, then reveal

  goOn() {
    const { play, stage } = this;
    if (stage === "none") this.begin();
    else if (stage === "guess") {
      this.guess.settle();
      this.turn("training");
      if (play.trainer.over && play.trainer.isSound) this.trained();
      else play.train();
    } else if (stage === "training") {
      this.turn("exact");
      if (!this.asked) this.ask();
      else this.show();
    } else this.end();
  }

  begin() {
    const { play } = this;
    if (play.trainer.running) play.pause();
    play.points.enable(false);
    play.reading.at(-1);
    this.turn("guess");
    this.guess.begin(play.state.units);
    play.say(ASKED);
  }

  turn(stage) {
    this.stage = stage;
    this.next.textContent = NEXT[stage];
    this.leave.hidden = stage === "none";
    this.board.dataset.stage = stage;
    this.play.reading.run();
    this.play.charts.forEach((chart) => chart.refresh());
  }

  trained() {
    if (this.stage === "training" && this.play.trainer.isSound) this.score(this.play.trainer, "the training's");
    else if (this.exact.done) this.show();
  }

  score(band, whose) {
    const { factor, wider } = this.guess.score(band);
    this.play.dataset.score = factor.toFixed(3);
    const next = this.stage === "training" ? " HMC is next." : "";
    this.play.say(scored({ factor, wider }, whose) + next);
  }

  end() {
    if (this.stage === "none") return;
    const held = document.activeElement === this.leave || this.guess.group.contains(document.activeElement);
    this.guess.close();
    this.play.points.enable(true);
    this.turn("none");
    if (held) this.next.focus({ preventScroll: true });
  }
}
