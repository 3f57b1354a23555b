// The playground's numbers: how far the run is and what its ELBO is made of, and what is read at a place along x.

import { short, whole } from "../drawing/format.js";
import { HINT } from "./controls.js";
import { bestConstant } from "./state.js";
import { ratio } from "./messages.js";

export class Reading {
  // play: the element, with its state, trainer, medians, charts, and what it is compared with.
  constructor(play, board) {
    const find = (name) => board.querySelector(`.play__${name}`);
    Object.assign(this, { play, board, slider: find("place"), read: find("read"), count: find("count"), button: find("train").lastElementChild });
    const layer = find("layer");
    this.slider.addEventListener("input", () => this.at(Number(this.slider.value)));
    layer.addEventListener("pointermove", (event) => this.at(this.under(event)));
    layer.addEventListener("pointerleave", () => this.at(-1));
  }

  run() {
    const { play, board } = this;
    const { trainer, medians, compare } = play;
    const { step, nSteps, running, stopped, speed, failed, over } = trainer;
    board.classList.toggle("play--running", running);
    this.button.textContent = running ? "Pause" : "Train";
    const [count, pace] = this.count.children;
    count.textContent = `step ${whole(step)} of ${whole(nSteps)}`;
    pace.textContent = speed ? `· ${whole(speed)} steps a second` : "";
    const state = failed !== null ? "failed" : over ? "over" : running || !stopped ? "running" : "paused";
    Object.assign(play.dataset, { step, stepsPerSecond: Math.round(speed ?? 0), run: state });
    const found = step && compare.sees("training") ? medians.medians : undefined;
    const values = [found?.elbo.at(-1), found?.likelihood.at(-1), found && -found.kl.at(-1), bestConstant(play.state)];
    board.querySelectorAll(".play__elbos b").forEach((b, k) => (b.textContent = Number.isFinite(values[k]) ? whole(values[k]) : "–"));
  }

  // place: the number of one along x, or -1 for none.
  at(place) {
    const { trainer, compare, charts } = this.play;
    this.place = place >= 0 && compare.sees("training") ? Math.min(place, trainer.x.length - 1) : undefined;
    this.slider.value = place;
    this.read.textContent = this.place === undefined ? HINT : this.values(this.place);
    this.slider.ariaValueText = this.read.textContent;
    charts[0].refresh();
  }

  again() {
    if (this.place !== undefined) this.at(this.place);
  }

  values(place) {
    const { trainer, compare, state } = this.play;
    const { x, mean, std } = trainer;
    const values = [`x ${short(x[place])}`, `mean ${short(mean[place])}`, `sd of f ${short(std[place])}`];
    const { exact } = compare;
    if (compare.sees("exact")) values.push(`HMC's sd ${short(exact.std[place])}: ${ratio(exact.std[place], std[place])}`);
    else values.push(`with noise ${short(Math.hypot(std[place], state.noiseStd))}`);
    return values.join(" · ");
  }

  under(event) {
    const { trainer, charts } = this.play;
    const [first, second] = trainer.x;
    const place = Math.round((charts[0].at(event).x - first) / (second - first));
    return place >= 0 && place < trainer.x.length ? place : -1;
  }
}
