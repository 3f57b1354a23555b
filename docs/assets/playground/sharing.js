// What a reader brings to the playground and takes along: the link, points as CSV, the script.

import { calm } from "../drawing/reduced-motion.js";
import { short } from "../drawing/format.js";
import { NAMES, fromCsv, toCsv, unitsFor } from "./data.js";
import { toPython } from "./script.js";
import { fromLink, roundedPoint, toLink } from "./state.js";
import { oddity } from "./messages.js";

const WAIT = 250; // Milliseconds: browsers limit how often an address may change.

export class Taking {
  // play: the element, with its state, its sets of points, and what it says.
  constructor(play, board) {
    const find = (name) => board.querySelector(`.play__${name}`);
    const on = (name, act) => find(name).addEventListener("click", act);
    Object.assign(this, { play, board, csv: find("csv textarea"), code: find("python code") });
    on("link", () => {
      this.keep();
      this.copy(location.origin + location.pathname + toLink(play.state), "The link is copied: it holds every setting and the points.");
    });
    on("use", () => this.use());
    on("copy-csv", () => this.copy(this.csv.value, "The points are copied."));
    on("copy-python", () => this.copy(toPython(play.state), "The script is copied."));
    on("save-python", () => save("playground.py", toPython(play.state)));
  }

  show(state) {
    this.csv.value = toCsv(state.points);
    this.code.textContent = toPython(state);
    clearTimeout(this.keeping);
    const { pathname } = location;
    // By then the reader may have gone to another page, whose address this is not.
    this.keeping = setTimeout(() => pathname === location.pathname && this.keep(), WAIT);
  }

  read(search) {
    return fromLink(search, this.play.named, NAMES);
  }

  keep() {
    history.replaceState(history.state, "", location.pathname + toLink(this.play.state) + location.hash);
  }

  stop() {
    clearTimeout(this.keeping);
  }

  // A sentence's link to a state of this page is opened in place, and trained.
  follow(event) {
    const link = event.target.closest?.('a[href*="?v="]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || url.pathname !== location.pathname) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.play.open(url.search)) this.play.train();
    this.board.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
  }

  use() {
    const { play } = this;
    let points;
    try {
      points = fromCsv(this.csv.value);
    } catch ({ message }) {
      play.say(message, true);
      return;
    }
    const units = unitsFor(points);
    play.replacePoints({ data: "own", points: points.map((point) => roundedPoint(point, units)), units });
    const noise = short(play.state.noiseStd);
    play.say(oddity(play.state) ?? `${points.length} points of your own, with a noise sd of ${noise}: set it to what you know, then train.`);
  }

  async copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.play.say(done);
    } catch {
      this.play.say("This browser does not let a page copy: select the text, or the address above, and copy it by hand.", true);
    }
  }
}

function save(name, text) {
  const link = document.createElement("a");
  Object.assign(link, { href: URL.createObjectURL(new Blob([text], { type: "text/x-python" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
