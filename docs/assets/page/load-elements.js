// Loads what a page shows and no more, whether its address was opened or a link was followed to it.
const MODULES = {
  "digit-canvas": "digits/digit-canvas.js",
  "training-player": "player/training-player.js",
  "digits-player": "player/digits-player.js",
  "plane-player": "player/plane-player.js",
  "bayes-playground": "playground/playground.js",
  "reader-comments": "page/comments.js",
  "not-found": "page/not-found.js",
  ".film video": "page/film-controls.js",
};
// What may be wider than the page, and can then be moved by keys only if it takes the focus.
const WIDE = ".md-typeset__scrollwrap, .jp-OutputArea-output pre, math[display=block]";

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

// The theme lists a result's tags as a landmark, and of these a page may have but one of a name.
const results = new MutationObserver(([{ target }]) => {
  target.querySelectorAll("nav.md-tags").forEach((tags) => tags.setAttribute("role", "none"));
});

document$.subscribe(() => {
  for (const [selector, module] of Object.entries(MODULES)) {
    const found = document.querySelectorAll(selector);
    found.forEach(address);
    if (found.length) import(`../${module}`).then(({ prepare }) => prepare?.());
  }
  const list = document.querySelector(".md-search-result__list");
  if (list) results.observe(list, { childList: true });
  sizes.disconnect();
  document.querySelectorAll(WIDE).forEach((each) => sizes.observe(each));
});

// What an element names is named from this page's address, which may be another by the time its module has come.
function address(element) {
  for (const name of ["src", "beside", "truth"]) {
    if (element.hasAttribute(name)) element.setAttribute(name, new URL(element.getAttribute(name), location.href));
  }
}
