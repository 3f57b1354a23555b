// <digit-canvas src="posterior.bin">: a reader draws a digit and sees what a Bayesian network makes of it. Its children
// are what is there without JavaScript and in print. The arithmetic is in posterior.js; it and the network come when the
// canvas is about to be seen.

const N_DRAWS = 100;
const SEED = 1;
const SIZE = 400; // Of the drawing, in pixels of its own.
const QUIET = 900; // Milliseconds without a change, after which the answer is spoken.
// Of the pad's width, by the size of the network's images: once a drawing is fitted, as thick as what it was taught on.
const BRUSH = { 28: 0.1, 8: 0.17 };

class DigitCanvas extends HTMLElement {
  connectedCallback() {
    if (!this.board) this.build();
    this.seen = new IntersectionObserver(([entry]) => entry.isIntersecting && this.load(), { rootMargin: "300px" });
    this.seen.observe(this);
  }

  disconnectedCallback() {
    this.seen.disconnect();
    clearTimeout(this.quiet);
  }

  build() {
    this.board = element("div", "digits", BOARD);
    this.append(this.board);
    const find = (name) => this.board.querySelector(`.digits__${name}`);
    Object.assign(this, {
      pad: find("pad"), view: find("pad canvas"), cursor: find("cursor"), hint: find("hint"), preview: find("preview"),
      slider: find("turn input"), angle: find("turn span"), examples: find("examples"), headline: find("headline"),
      classes: find("classes tbody"), entropies: find("entropies tbody"), spoken: find("spoken"),
    });
    this.view.width = this.view.height = SIZE;
    this.ink = context(element("canvas"), SIZE, SIZE);
    this.pen = { x: SIZE / 2, y: SIZE / 2, down: false };
    this.entropies.replaceChildren(...["total", "aleatoric", "epistemic"].map((name) => row(name, `digits__${name}`)));
    this.classes.replaceChildren(...Array.from("0123456789", (name) => row(name))); // Until it is known better.
    this.listen();
    this.clear();
  }

  listen() {
    const { view } = this;
    view.addEventListener("pointerdown", (event) => event.isPrimary && event.button === 0 && this.penDown(event));
    view.addEventListener("pointermove", (event) => {
      if (view.hasPointerCapture(event.pointerId)) this.follow(event);
    });
    view.addEventListener("keydown", (event) => this.key(event));
    view.addEventListener("blur", () => this.lift());
    this.slider.addEventListener("input", () => this.refresh());
    this.board.querySelector(".digits__clear").addEventListener("click", () => this.clear());
    this.board.addEventListener("pointerdown", () => this.load());
    this.board.addEventListener("focusin", () => this.load());
  }

  // The weights, once; a reader who draws meanwhile is answered when they are there.
  load() {
    this.loading ??= this.fetchPosterior().catch((error) => {
      this.headline.textContent = `The network could not be loaded (${error.message}).`;
      this.loading = undefined;
    });
    return this.loading;
  }

  async fetchPosterior() {
    const [digits, answer] = await Promise.all([import("./posterior.js"), fetch(this.getAttribute("src"))]);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const posterior = digits.readPosterior(await answer.arrayBuffer());
    this.noise = digits.normals(SEED, N_DRAWS * digits.noisePerDraw(posterior));
    this.digits = digits;
    this.posterior = posterior;
    this.classes.replaceChildren(...posterior.classNames.map((name) => row(name)));
    this.examples.replaceChildren(...posterior.examples.map((example) => this.exampleButton(example)));
    // Something to turn at once; who begins to draw draws on an empty pad.
    if (this.blank && posterior.examples.length) {
      this.show(posterior.examples[0]);
      this.replaceable = true;
      this.hint.hidden = false;
    }
    this.refresh();
  }

  exampleButton(example) {
    const button = element("button", "", "<canvas></canvas>");
    button.type = "button";
    button.setAttribute("aria-label", `${this.posterior.name}: ${this.posterior.classNames[example.label]}`);
    paint(button.firstChild, example.values, example.width);
    button.addEventListener("click", () => this.show(example));
    return button;
  }

  // --- the drawing

  clear() {
    this.erase();
    this.lift();
    this.hint.hidden = false;
    this.refresh();
  }

  erase() {
    this.ink.clearRect(0, 0, SIZE, SIZE);
    this.slider.value = 0;
    this.example = undefined;
    this.blank = true;
    this.replaceable = false;
  }

  // An image of the data set is seen as it is, until something is drawn on it.
  show(example) {
    this.clear();
    const small = element("canvas");
    paint(small, example.values, example.width);
    this.ink.drawImage(small, 0, 0, SIZE, SIZE);
    this.example = example;
    this.blank = false;
    this.hint.hidden = true;
  }

  penDown(event) {
    this.view.setPointerCapture(event.pointerId);
    Object.assign(this.pen, this.place(event));
    this.line(this.pen);
    this.showCursor(false);
  }

  follow(event) {
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) this.line(this.place(move));
  }

  place({ clientX, clientY }) {
    const box = this.view.getBoundingClientRect();
    return { x: ((clientX - box.left) / box.width) * SIZE, y: ((clientY - box.top) / box.height) * SIZE };
  }

  // From the pen to a place as the reader sees it, on the drawing as it was before it was turned.
  line(to) {
    const { ink, pen } = this;
    if (this.replaceable) this.erase();
    this.example = undefined;
    this.blank = false;
    this.hint.hidden = true;
    ink.save();
    this.turn(ink, Number(this.slider.value));
    Object.assign(ink, { lineCap: "round", lineJoin: "round", lineWidth: SIZE * BRUSH[this.posterior?.size ?? 28] });
    ink.beginPath();
    ink.moveTo(pen.x, pen.y);
    ink.lineTo(to.x, to.y);
    ink.stroke();
    ink.restore();
    Object.assign(pen, { x: to.x, y: to.y });
    this.refresh();
  }

  turn(on, degrees) {
    on.translate(SIZE / 2, SIZE / 2);
    on.rotate((degrees * Math.PI) / 180);
    on.translate(-SIZE / 2, -SIZE / 2);
  }

  key(event) {
    const step = SIZE / (event.shiftKey ? 7 : 28);
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const { pen } = this;
    if (event.key === " " || event.key === "Enter") {
      pen.down = !pen.down;
      if (pen.down) this.line(pen);
      this.speak(pen.down ? "Pen down" : "Pen up");
    } else if (event.key === "Escape") {
      this.lift();
    } else if (event.key in moves) {
      const [x, y] = moves[event.key];
      const to = { x: within(pen.x + x), y: within(pen.y + y) };
      if (pen.down) this.line(to);
      else Object.assign(pen, to);
    } else {
      return;
    }
    event.preventDefault();
    this.showCursor(true);
  }

  lift() {
    this.pen.down = false;
    this.showCursor(false);
  }

  showCursor(shown) {
    const { x, y, down } = this.pen;
    this.cursor.hidden = !shown;
    this.cursor.classList.toggle("digits__cursor--down", down);
    this.cursor.style.left = `${(100 * x) / SIZE}%`;
    this.cursor.style.top = `${(100 * y) / SIZE}%`;
  }

  // --- the answer

  // At most once a frame, however fast the pen is.
  refresh() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
      if (this.posterior) this.answer();
    });
  }

  draw() {
    const degrees = Number(this.slider.value);
    this.angle.textContent = `${degrees}°`.replace("-", "\u2212");
    const view = this.view.getContext("2d");
    view.clearRect(0, 0, SIZE, SIZE);
    view.save();
    this.turn(view, -degrees);
    view.drawImage(this.ink.canvas, 0, 0);
    view.restore();
  }

  // What the network sees.
  pixels() {
    const { digits, posterior, example } = this;
    const degrees = Number(this.slider.value);
    if (example) return digits.turned(example, degrees);
    const { data } = this.ink.getImageData(0, 0, SIZE, SIZE);
    const values = new Float32Array(SIZE * SIZE).map((_, k) => data[4 * k + 3] / 255);
    return digits.prepared({ width: SIZE, height: SIZE, values }, posterior.size, degrees);
  }

  answer() {
    const { digits, posterior } = this;
    const pixels = this.pixels();
    paint(this.preview, pixels, posterior.size);
    clearTimeout(this.quiet);
    const names = posterior.classNames;
    if (this.blank) {
      [...this.classes.rows, ...this.entropies.rows].forEach((each) => fill(each, "", "", "–"));
      this.headline.textContent = "Nothing is drawn yet.";
      return;
    }
    const probabilities = digits.predict(posterior, pixels, this.noise);
    const { mean, total, aleatoric, epistemic } = digits.summary(probabilities, names.length);
    const best = mean.indexOf(Math.max(...mean));
    names.forEach((_, k) => {
      const dots = Array.from({ length: N_DRAWS }, (_, draw) => dot(probabilities[draw * names.length + k], draw));
      fill(this.classes.rows[k], bar(0, mean[k]), dots.join(""), mean[k].toFixed(2));
      this.classes.rows[k].classList.toggle("digits__best", k === best);
    });
    const most = Math.log(names.length);
    const parts = [[0, total], [0, aleatoric], [aleatoric, epistemic]];
    parts.forEach(([from, part], k) => fill(this.entropies.rows[k], bar(from / most, part / most), "", part.toFixed(2)));
    this.headline.textContent = `${names[best]} with probability ${mean[best].toFixed(2)}`;
    this.quiet = setTimeout(
      () => this.speak(`${this.headline.textContent}; epistemic ${epistemic.toFixed(2)} of ${total.toFixed(2)} nats`),
      QUIET,
    );
  }

  speak(text) {
    this.spoken.textContent = text;
  }
}

const BOARD = `
  <div class="digits__draw">
    <div class="digits__pad">
      <canvas tabindex="0" role="application" aria-label="Pad to draw a digit on: arrow keys move the pen, space puts it down and lifts it"></canvas>
      <p class="digits__hint" aria-hidden="true">Draw a digit here</p>
      <p class="digits__keys" aria-hidden="true">arrows move · space: pen down, up</p>
      <span class="digits__cursor" hidden></span>
    </div>
      <div class="digits__tools">
      <div class="digits__turn">Turn <span></span><input type="range" min="-180" max="180" step="1" value="0" aria-label="Turn the drawing, in degrees counter-clockwise"></div>
      <button type="button" class="digits__clear">Clear</button>
    </div>
    <div class="digits__examples" role="group" aria-label="Images to start from"></div>
  </div>
  <div class="digits__answer">
    <div class="digits__verdict">
      <span><canvas class="digits__preview" width="28" height="28" role="img" aria-label="What the network sees"></canvas></span>
      <p class="digits__headline">The network is on its way.</p>
      <p class="digits__sees">← what the network sees</p>
    </div>
    <table class="digits__classes">
      <caption>Probability of each class. Bar: the mean. Dots: ${N_DRAWS} draws of the weights.</caption>
      <tbody></tbody>
    </table>
    <table class="digits__entropies">
      <caption>Entropy of the mean and its two parts, in nats.</caption>
      <tbody></tbody>
    </table>
  </div>
  <p class="digits__spoken" aria-live="polite"></p>`;

function element(name, className = "", html = "") {
  const made = document.createElement(name);
  made.className = className;
  made.innerHTML = html;
  return made;
}

function context(canvas, width, height) {
  Object.assign(canvas, { width, height });
  return canvas.getContext("2d", { willReadFrequently: true });
}

const within = (value) => Math.min(SIZE, Math.max(0, value));

// Ink is opaque and paper is not, so that the page's colours show.
function paint(canvas, values, width) {
  const image = new ImageData(width, values.length / width);
  values.forEach((value, k) => (image.data[4 * k + 3] = Math.round(255 * value)));
  context(canvas, image.width, image.height).putImageData(image, 0, 0);
}

// One line of a chart that is a table too: a name, a bar in the unit square, a number.
function row(name, className = "") {
  const svg = `<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true"><path class="digits__bar"/><path class="digits__dots"/></svg>`;
  const made = element("tr", className, `<th scope="row"></th><td class="digits__track">${svg}</td><td>–</td>`);
  made.cells[0].textContent = name;
  return made;
}

function fill(tr, bar, dots, text) {
  tr.querySelector(".digits__bar").setAttribute("d", bar);
  tr.querySelector(".digits__dots").setAttribute("d", dots);
  tr.cells[2].textContent = text;
}

const bar = (from, length) => `M${from.toFixed(4)} 0h${length.toFixed(4)}v1h${(-length).toFixed(4)}z`;
// The golden ratio's multiples spread the draws evenly over the bar's height.
const dot = (x, draw) => `M${x.toFixed(4)} ${(0.1 + 0.8 * ((draw * 0.618) % 1)).toFixed(3)}h0`;

customElements.get("digit-canvas") ?? customElements.define("digit-canvas", DigitCanvas);
