// Comments under a post, from giscus.app, which is asked for nothing before its reader presses the button.
const ORIGIN = "https://giscus.app";

class ReaderComments extends HTMLElement {
  connectedCallback() {
    this.themes = new MutationObserver(() => this.tellTheme());
    this.themes.observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] });
    if (this.querySelector("button, .giscus")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "md-button";
    button.textContent = "Load the comments (from giscus.app / GitHub)";
    button.addEventListener("click", () => this.load(), { once: true });
    this.append(button);
  }

  disconnectedCallback() {
    this.themes.disconnect();
  }

  load() {
    const place = document.createElement("div");
    place.className = "giscus";
    place.setAttribute("role", "status");
    place.textContent = "Loading the comments…";
    const script = document.createElement("script");
    const settings = {
      repo: this.getAttribute("repo"), repoId: this.getAttribute("repo-id"),
      category: this.getAttribute("category"), categoryId: this.getAttribute("category-id"),
      // By the post and not by its address, so that the comments move with the site.
      mapping: "specific", term: this.getAttribute("term"), strict: "1",
      reactionsEnabled: "1", emitMetadata: "0", inputPosition: "top", lang: "en", theme: theme(),
    };
    Object.assign(script.dataset, settings);
    Object.assign(script, { src: `${ORIGIN}/client.js`, async: true, crossOrigin: "anonymous" });
    script.addEventListener("error", () => {
      place.textContent = "The comments did not come: giscus.app cannot be reached from here, or is blocked.";
    });
    this.replaceChildren(place, script);
  }

  tellTheme() {
    const frame = this.querySelector("iframe");
    frame?.contentWindow?.postMessage({ giscus: { setConfig: { theme: theme() } } }, ORIGIN);
  }
}

function theme() {
  return document.body.dataset.mdColorScheme === "slate" ? "dark" : "light";
}

customElements.define("reader-comments", ReaderComments);
