// Gives every film a button and a slider under it, where they hide nothing, and starts it when it is first seen,
// unless its reader prefers less motion or saves data. Without JavaScript the browser's own controls stay.

import { calm } from "../drawing/reduced-motion.js";

export function prepare() {
  const films = document.querySelectorAll(".film video[controls]");
  films.forEach(addControls);
  if (calm() || navigator.connection?.saveData) return;
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      target.play().catch(() => {}); // A browser may refuse; the reader can still press play.
    }
  }, { threshold: 0.5 });
  films.forEach((film) => seen.observe(film));
}

function addControls(film) {
  const controls = document.createElement("div");
  controls.className = "film__controls";
  controls.innerHTML =
    '<button type="button">Play</button><input type="range" min="0" max="1" step="0.001" value="0" aria-label="Position in the film">';
  const [button, slider] = controls.children;
  let whole;
  film.controls = false;
  film.after(controls);

  button.addEventListener("click", () => (film.paused ? film.play() : film.pause()));
  slider.addEventListener("input", async () => {
    film.pause();
    await (whole ??= loadWhole(film));
    // At its very end a looped film would jump to its start.
    film.currentTime = Math.min(slider.value * film.duration, film.duration - 0.05);
  });
  const follow = () => {
    button.textContent = film.paused ? "Play" : "Pause";
    if (film.paused) return;
    slider.value = film.currentTime / film.duration || 0;
    requestAnimationFrame(follow);
  };
  film.addEventListener("play", follow);
  film.addEventListener("pause", follow);
}

// Not every server can send a part of a file (mkdocs serve cannot), and a film that came in one piece can be wound.
async function loadWhole(film) {
  const answer = await fetch(film.querySelector("source").src);
  const ready = new Promise((resolve) => film.addEventListener("loadedmetadata", resolve, { once: true }));
  film.src = URL.createObjectURL(await answer.blob());
  await ready;
}
