"""A folder of pages with players of two small recorded runs, and the records that they play."""

import json
from dataclasses import replace

import numpy as np
from readers.theme_pages import FAR, STILL, dress, page_of
from truths import made_by_hand

import bayesian_nn as bnn
from bayesian_nn.browser.run_record import write_player_record

X_RANGE = (-4.0, 12.0)
NOISE_SEED = 5
STEPS = np.unique(np.round(np.geomspace(1, 1001, 41)).astype(int)) - 1
PAGE = page_of(
    """
<p>Watch what happens <a id="link" href="?player=fit&amp;step=40#fit">at step 40</a>.</p>
{before}
{players}
<p id="after">What follows.</p>
""",
    module="player/training-player.js",
)


def data():
    return bnn.data.cosine_with_gap(seed=42)


def run(*, seed=0, sharpens=True):
    """A run that no fit made: its weights drift from their start, its sds grow, its ELBO rises."""
    known = data()
    model = bnn.Model((1, 6, 6, 1), bnn.Gaussian(0.1), scaling=known.scaling)
    random = np.random.default_rng(seed)
    start, end = random.normal(size=(2, model.n_latents))
    learnt = (STEPS / STEPS[-1])[:, None] ** 0.3
    mean = start + learnt * (end - start)
    std = (0.02 + 0.2 * learnt * random.uniform(size=model.n_latents)) if sharpens else 0.8 + 0 * mean
    made = made_by_hand.run(model, mean=mean[:, None], std=std[:, None], n_steps=1000)
    falling = 20_000 * np.exp(-np.arange(1000) / 30) + random.gamma(2, 20, 1000) + 100
    histories = {
        "log_likelihoods": -falling[:, None],
        "kls": 300 - 200 * np.exp(-np.arange(1000) / 60)[:, None],
    }
    fields = {name: np.asarray(value, np.float32) for name, value in histories.items()}
    return type(made)(**{**vars(made), "recorded_steps": STEPS, **fields})


def reference():
    """The band that stands for HMC's: twice as wide as 0.5 on the right of 4, half as wide on the left."""
    x = np.linspace(*X_RANGE, 81)
    return {"x": x.tolist(), "mean": np.cos(x).tolist(), "std": np.where(x < 4, 0.01, 1.0).tolist()}


def player(name, *, element="training-player", **attributes):
    listed = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<figure class="player-frame"><{element} id="{name}"{listed}>{STILL}</{element}></figure>'


def add_pages(folder, element, pages):
    """Add pages of players of another kind, {name: (scheme, what stands before, players)}, to those that
    `make_pages` made."""
    styles = ("main", "palette", "page/style", "player/player", f"player/{element}")
    links = "".join(f'<link rel="stylesheet" href="{style}.css">' for style in styles)
    module = f'<script type="module" src="player/{element}.js"></script>'
    for name, (scheme, before, players) in pages.items():
        html = PAGE.format(styles=links, scheme=scheme, before=before, players=players)
        (folder / f"{name}.html").write_text(html + module, encoding="utf-8")


def make_pages(folder):
    """Returns `folder`, filled with pages, records, the site's assets and the theme's own styles."""
    links = dress(folder, "page/style.css", "player/player.css")
    fit = {"src": "fit.bin", "truth": "hmc.json"}
    pages = {
        "fit": ("default", "", player("fit", **fit)),
        "dark": ("slate", "", player("fit", **fit)),
        "given": ("default", "", player("fit", **fit, step=40)),
        "pair": (
            "default",
            "",
            player("fit", **fit, beside="flat.bin", titles="A small start|The original start"),
        ),
        "odd": (
            "default",
            "",
            player("fit", src="odd.bin", beside="flat.bin", titles="a &lt;b>&amp;&quot; title|other"),
        ),
        "two": ("default", "", player("fit", **fit) + player("flat", src="flat.bin")),
        "far": ("default", FAR, player("fit", **fit)),
        "bandless": ("default", "", player("fit", **fit | {"truth": "nowhere.json"})),
        "missing": ("default", "", player("fit", src="nowhere.bin")),
        "broken": ("default", "", player("fit", src="hmc.json")),
    }
    for name, (scheme, before, players) in pages.items():
        html = PAGE.format(styles=links, scheme=scheme, before=before, players=players)
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    for name, made in {"fit": run(), "flat": run(seed=1, sharpens=False)}.items():
        write_player_record(
            made,
            folder / f"{name}.bin",
            data=data(),
            x_range=X_RANGE,
            noise_seed=NOISE_SEED,
            reference={"best constant": -400.0},
        )
    write_player_record(
        run(),
        folder / "odd.bin",
        data=replace(data(), x_names=('x <u>&"',)),
        x_range=X_RANGE,
        noise_seed=NOISE_SEED,
        reference={'best <i>&" constant': -400.0},
    )
    (folder / "hmc.json").write_text(json.dumps(reference()), encoding="utf-8")
    return folder
