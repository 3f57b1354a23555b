"""What the playground's modules make of a state and of a link, in Node."""

from readers.playground_pages import evaluate, original_points

POINTS = original_points()
MODULES = ("playground/state.js", "playground/data.js", "playground/script.js")
PRESETS = ("original", "one-gap", "two-gaps", "step", "growing-noise")
ODD = {
    "priorStd": 2.5,
    "noiseStd": 0.33,
    "width": 7,
    "depth": 1,
    "activation": "silu",
    "initialStd": 0.8,
    "learningRate": 0.03,
    "nDraws": 1,
    "klWeight": 0.1,
    "nSteps": 50,
    "seed": 4_000_000_000,
}


def ask(expression, given=None):
    named = f"(named => ({expression}))(namedPoints({POINTS}))"
    return evaluate(named, given, modules=MODULES)


def open_link(search):
    return ask("fromLink(given, named, NAMES)", search)
