// On the page for addresses that do not exist: names the pages whose addresses are spelt most like the one asked for.
const SUGGESTED = 3;
const ALIKE = 0.3;

class NotFound extends HTMLElement {
  connectedCallback() {
    if (this.querySelector(".not-found__nearest")) return;
    const links = [...this.querySelectorAll("a")];
    const home = new URL(links.map((link) => link.pathname).sort((a, b) => a.length - b.length)[0], location).pathname;
    const asked = words(location.pathname, home);
    const near = links
      .map((link) => ({ link, likeness: likeness(asked, words(link.pathname, home)) }))
      .filter((one) => one.likeness >= ALIKE)
      .sort((a, b) => b.likeness - a.likeness)
      .slice(0, SUGGESTED);
    if (!near.length) return;
    const found = document.createElement("div");
    found.className = "not-found__nearest";
    found.innerHTML = "<h2>Did you mean</h2><ul></ul>";
    for (const { link } of near) {
      const item = document.createElement("li");
      item.append(link.cloneNode(true));
      found.lastChild.append(item);
    }
    this.prepend(found);
  }
}

// "/site/blog/What_the-gap.html" is, below "/site/", "blog what the gap".
function words(path, home) {
  let text = path.startsWith(home) ? path.slice(home.length) : path;
  try { text = decodeURIComponent(text); } catch { /* It is compared as it was written. */ }
  return text.toLowerCase().replace(/\.\w+$|\bindex\b/g, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

// The greater of two: what the addresses share, and what their last parts do, counted in pairs of letters.
function likeness(one, other) {
  const last = (text) => text.split(" ").slice(1).join(" ") || text;
  return Math.max(shared(one, other), shared(last(one), last(other)), shared(one, last(other)));
}

function shared(one, other) {
  const left = pairs(one), right = pairs(other), n = left.length + right.length;
  let common = 0;
  for (const pair of left) {
    const at = right.indexOf(pair);
    if (at < 0) continue;
    right.splice(at, 1);
    common += 1;
  }
  return n ? (2 * common) / n : 0;
}

function pairs(text) {
  const padded = ` ${text} `;
  return text ? [...padded.slice(1)].map((_, at) => padded.slice(at, at + 2)) : [];
}

customElements.define("not-found", NotFound);
