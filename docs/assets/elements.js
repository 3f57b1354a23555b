// Loads what a page shows and no more, whether its address was opened or a link was followed to it.
const MODULES = {
  "digit-canvas": "digit-canvas.js",
  "training-player": "player.js",
  "digits-player": "digits-player.js",
  "bayes-playground": "playground.js",
  "reader-comments": "comments.js",
  "not-found": "not-found.js",
  ".film video": "film.js",
};
// What may be wider than the page, and can then be moved by keys only if it takes the focus.
const WIDE = ".md-typeset__scrollwrap, .jp-OutputArea-output pre, math[display=block]";

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

document$.subscribe(() => {
  for (const [selector, module] of Object.entries(MODULES)) {
    if (document.querySelector(selector)) import(`./${module}`).then(({ prepare }) => prepare?.());
  }
  sizes.disconnect();
  document.querySelectorAll(WIDE).forEach((each) => sizes.observe(each));
});
