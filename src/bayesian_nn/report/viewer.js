// The viewer of a report: draws the prediction along the chosen input, and reads it at the slider's place.
"use strict";
(() => {
  const root = document.querySelector(".viewer");
  const { quantity, views } = JSON.parse(document.querySelector("#viewer-data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const HEIGHT = 320, LEFT = 58, RIGHT = 12, TOP = 12, BOTTOM = 44;

  const node = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const shape = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
  };
  const said = (value) => (typeof value === "string" ? value
    : Math.abs(value) >= 1e6 || (value && Math.abs(value) < 1e-3) ? value.toExponential(2)
    : String(Number(value.toPrecision(4)))).replace("-", "\u2212");
  const chooser = (label, names) => {
    const select = node("select", {}, ...names.map((name, place) => new Option(name, place)));
    select.addEventListener("change", show);
    return [select, node("label", {}, label, select)];
  };

  const [input, inputLabel] = chooser("Along", views.map((view) => view.input));
  const [kind, kindLabel] = chooser("Probability of", views[0].curves.map((curve) => curve.of));
  const choices = node("div", { class: "viewer__choices viewer__controls" });
  if (views.length > 1) choices.append(inputLabel);
  if (views[0].curves.length > 1) choices.append(kindLabel);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("role", "img");
  const key = node("p", { class: "viewer__key" });
  const slider = node("input", { type: "range", min: 0, class: "viewer__controls" });
  const output = node("output", { "aria-live": "polite" });
  const table = node("table");
  const values = node("details", {}, node("summary", {}, "The values as a table"),
    node("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Values" }, table));

  let view, curve, quantityName, x, y;

  function show() {
    view = views[input.value || 0];
    curve = view.curves[kind.value || 0];
    quantityName = curve.of ? `probability of ${quantity} = ${curve.of}` : view.average ? `average ${quantity}` : quantity;
    slider.max = view.values.length - 1;
    slider.value = Math.floor(view.values.length / 2);
    slider.setAttribute("aria-label", `Value of ${view.input}`);
    table.replaceChildren(node("caption", {}, `${quantityName} along ${view.input}`), ...rows());
    svg.setAttribute("aria-label", `${quantityName} along ${view.input}: ${said(curve.mean[0])} at ${said(view.values[0])}, `
      + `${said(curve.mean.at(-1))} at ${said(view.values.at(-1))}. The values are in the table below.`);
    key.replaceChildren(...marks().map(([name, colour, fade]) => {
      const mark = node("span", {}, name);
      mark.style.setProperty("--mark", `var(${colour})`);
      mark.style.setProperty("--fade", fade);
      return mark;
    }));
    draw();
  }

  function marks() {
    const band = curve.outer_low ? [["90 % of new values", "--posterior", 0.18]] : [];
    const points = [...(view.seen.length ? [["rows of the fit", "--ink", 0.5]] : []),
      ...(view.unseen.length ? [["rows held against it", "--other", 1]] : [])];
    return [["mean", "--posterior", 1], ["90 % of the draws, noise excluded", "--posterior", 0.45], ...band, ...points];
  }

  function rows() {
    const columns = [["mean", curve.mean], ["5 %", curve.low], ["95 %", curve.high]];
    if (curve.outer_low) columns.push(["5 %, new", curve.outer_low], ["95 %, new", curve.outer_high]);
    const heads = [view.input, ...columns.map(([name]) => name)].map((name) => node("th", { scope: "col" }, name));
    return [node("thead", {}, node("tr", {}, ...heads)), node("tbody", {}, ...view.values.map((value, row) => node("tr", {},
      node("th", { scope: "row" }, said(value)), ...columns.map(([, column]) => node("td", {}, said(column[row]))))))];
  }

  function draw() {
    const width = Math.max(280, root.clientWidth), words = typeof view.values[0] === "string";
    const places = words ? view.values.map((_, place) => place) : view.values;
    const all = [...curve.low, ...curve.high, ...(curve.outer_low || []), ...(curve.outer_high || []),
      ...[...view.seen, ...view.unseen].map((point) => point[1])];
    const margin = words ? 0.5 : 0;
    x = scale(places[0] - margin, places.at(-1) + margin, LEFT, width - RIGHT);
    const low = curve.of ? 0 : Math.min(...all), high = curve.of ? 1 : Math.max(...all);
    const room = curve.of ? 0 : (high - low || 1) * 0.04;
    y = scale(low - room, high + room, HEIGHT - BOTTOM, TOP);
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.replaceChildren();
    for (const tick of ticks(low, high, 5)) {
      shape("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) });
      shape("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, said(tick));
    }
    const each = words ? places : ticks(places[0], places.at(-1), width < 500 ? 4 : 7);
    const most = Math.floor((width - LEFT) / Math.max(1, places.length) / 7);
    for (const tick of each) {
      const word = words ? view.values[tick] : said(tick);
      shape("text", { x: x(tick), y: HEIGHT - BOTTOM + 17, "text-anchor": "middle" },
        words && word.length > most ? `${word.slice(0, Math.max(1, most - 1))}…` : word);
    }
    shape("text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, view.input);
    shape("text", { x: -(HEIGHT - BOTTOM + TOP) / 2, y: 12, transform: "rotate(-90)", "text-anchor": "middle" },
      quantityName.length > 40 ? `${quantityName.slice(0, 39)}…` : quantityName);
    if (words) {
      places.forEach((place) => {
        shape("line", { class: "error", x1: x(place), x2: x(place), y1: y(curve.low[place]), y2: y(curve.high[place]) });
        shape("circle", { class: "dot", cx: x(place), cy: y(curve.mean[place]), r: 5 });
      });
    } else {
      if (curve.outer_low) shape("path", { class: "outer", d: band(places, curve.outer_low, curve.outer_high) });
      shape("path", { class: "inner", d: band(places, curve.low, curve.high) });
      for (const place of view.rows) shape("line", { class: "rug", x1: x(place), x2: x(place), y1: y(low), y2: y(low) - 7 });
      for (const name of ["seen", "unseen"]) {
        for (const [at, value] of view[name]) shape("circle", { class: name, cx: x(at), cy: y(value), r: 2.6 });
      }
      shape("path", { class: "mean", d: `M${places.map((place, row) => `${x(place)} ${y(curve.mean[row])}`).join("L")}` });
    }
    shape("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM });
    shape("circle", { class: "dot", r: 4.5 });
    read();
  }

  function read() {
    const row = Number(slider.value), cursor = svg.querySelector(".cursor"), dot = svg.lastElementChild;
    const at = x(typeof view.values[row] === "string" ? row : view.values[row]);
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, at);
    dot.setAttribute("cx", at);
    dot.setAttribute("cy", y(curve.mean[row]));
    const outer = curve.outer_low
      ? ` A new value lies between ${said(curve.outer_low[row])} and ${said(curve.outer_high[row])} with probability 90 %.` : "";
    output.value = `${view.input} ${said(view.values[row])}: ${quantityName} ${said(curve.mean[row])}, `
      + `and 90 % of the draws between ${said(curve.low[row])} and ${said(curve.high[row])}.${outer}`;
    slider.setAttribute("aria-valuetext", said(view.values[row]));
  }

  const scale = (from, to, start, end) => (value) => start + ((value - from) / (to - from || 1)) * (end - start);
  const band = (places, low, high) => `M${places.map((place, row) => `${x(place)} ${y(high[row])}`).join("L")}L${
    places.map((place, row) => `${x(place)} ${y(low[row])}`).reverse().join("L")}Z`;
  function ticks(from, to, count) {
    const rough = (to - from) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough);
    const found = [];
    for (let place = Math.ceil(from / step - 1e-9); place * step <= to + 1e-9 * step; place++) found.push(place * step);
    return found;
  }

  slider.addEventListener("input", read);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), at = (event.clientX - box.left) * (svg.viewBox.baseVal.width / box.width);
    const words = typeof view.values[0] === "string";
    const away = view.values.map((value, row) => Math.abs(x(words ? row : value) - at));
    slider.value = away.indexOf(Math.min(...away));
    read();
  });
  root.replaceChildren(choices, svg, key, slider, output, values);
  show();
  let drawn = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth !== drawn) draw();
    drawn = root.clientWidth;
  }).observe(root);
})();
