"""Measures the built site with Lighthouse: four pages, on a desk and on a phone, and what they weigh.

    .venv/bin/python benchmarks/pages.py [--runs N] [--reports FOLDER] [PAGE ...]

Run it after `make site`. It needs Node 20 or newer with npm, and Chromium; Lighthouse is installed into
.cache/lighthouse, by the lock beside this file. The site is served as GitHub Pages serves it, and medians of
the runs are shown. A phone is Lighthouse's simulated one, on slow 4G, its processor four times as slow as
this machine's: a busy machine scores lower. `--reports` keeps every report.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from site_build.files.pages_server import serve

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".cache" / "lighthouse"
FLAGSHIP = "blog/watching-a-bayesian-neural-network-learn/"
PAGES = ("", FLAGSHIP, "gallery/plot_bnn/", "playground/")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
CHROMIUM = "--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu"
MUST = {"desktop": (99, 100, 100, 100), "mobile": (95, 100, 100, 100)}


def main():
    options = arguments()
    if not (shutil.which("npm") and shutil.which("node")):
        print("Lighthouse needs Node and npm, which are not on the path: nothing measured.")
        return
    lighthouse = install()
    print(f"{'page':<52}{'':<9}perf a11y best  seo   LCP s  FCP s TBT ms    CLS requests    kB own kB  must")
    with serve(ROOT / "site") as address:
        for page in options.pages:
            for device in ("desktop", "mobile"):
                reports = [audit(lighthouse, address + page, device) for _ in range(options.runs)]
                print(line(page, device, [measured(report, address) for report in reports]), flush=True)
                keep(options.reports, page, device, reports)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pages", nargs="*", help="addresses below the site's; all four without any")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--reports", type=Path)
    options = parser.parse_args()
    there = [page for page in PAGES if (ROOT / "site" / page / "index.html").is_file()]
    options.pages = options.pages or there
    return options


def install():
    """The command that runs Lighthouse, installed by package-lock.json.

    Some of its parts ask for the `latest` of others, which no lock can hold: package.json overrides that.
    """
    TOOLS.mkdir(parents=True, exist_ok=True)
    files = [Path(__file__).with_name(name) for name in ("package.json", "package-lock.json")]
    script = TOOLS / "node_modules" / "lighthouse" / "cli" / "index.js"
    is_new = any((TOOLS / file.name).read_bytes() != file.read_bytes() for file in files if script.exists())
    if not script.exists() or is_new:
        for file in files:
            shutil.copy(file, TOOLS)
        without_browser = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=TOOLS, env=without_browser, check=True)
    return ["node", str(script)]


def audit(lighthouse, address, device):
    """Lighthouse's report on one page."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        flags = [f"--chrome-flags={CHROMIUM}", "--quiet", "--output=json", f"--output-path={report}"]
        flags += ["--preset=desktop"] if device == "desktop" else []
        flags += [f"--only-categories={','.join(CATEGORIES)}"]
        browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        environment = {"CHROME_PATH": os.environ.get("CHROMIUM", browser)} | os.environ
        subprocess.run([*lighthouse, address, *flags], env=environment, check=True, stdout=subprocess.DEVNULL)
        return json.loads(report.read_text(encoding="utf-8"))


def measured(report, address):
    """What the table shows of one report: scores, seconds, shift, requests, kB."""
    audits, scores = report["audits"], report["categories"]
    requests = audits["network-requests"]["details"]["items"]
    paths = {request["url"]: request["url"].removeprefix(address).partition("?")[0] for request in requests}
    own = [request for request in requests if is_own_script(paths[request["url"]])]
    seconds = {name: audits[name]["numericValue"] / 1000 for name in LOADING}
    return {
        "scores": [round(100 * scores[name]["score"]) for name in CATEGORIES],
        **seconds,
        "shift": audits["cumulative-layout-shift"]["numericValue"],
        "requests": len(requests),
        "kB": sum(request["transferSize"] for request in requests) / 1000,
        "own kB": sum(request["transferSize"] for request in own) / 1000,
    }


LOADING = ("largest-contentful-paint", "first-contentful-paint", "total-blocking-time")


def is_own_script(path):
    """Whether a path is of a script that this project wrote, and not the theme's."""
    return path.startswith("assets/") and path.endswith(".js") and not path.startswith("assets/javascripts/")


def line(page, device, runs):
    """One line of the table: medians over the runs."""
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0] if name != "scores"}
    scores = [round(statistics.median(each)) for each in zip(*(run["scores"] for run in runs), strict=True)]
    paint, first, blocked = (middle[name] for name in LOADING)
    reached = all(score >= least for score, least in zip(scores, MUST[device], strict=True))
    return (
        f"{page or 'home':<52}{device:<9}{''.join(f'{score:>4} ' for score in scores)}"
        f"{paint:>7.2f}{first:>7.2f}{1000 * blocked:>7.0f}{middle['shift']:>7.3f}{middle['requests']:>9.0f}"
        f"{middle['kB']:>6.0f}{middle['own kB']:>7.1f}  {'reached' if reached else 'MISSED'}"
    )


def keep(folder, page, device, reports):
    """Writes the reports of one page into `folder`, if there is one."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for number, report in enumerate(reports):
            name = f"{page.strip('/').replace('/', '-') or 'home'}-{device}-{number}.json"
            (folder / name).write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
