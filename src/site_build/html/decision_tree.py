"""The decision tree of *How to choose*: from "I have …" to a command, as a picture and as a list."""

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

# In the picture's units, of which a narrow phone has one a pixel.
WIDTH, MARGIN, INDENT = 360, 6, 20
LABEL, COMMAND, GAP = 22, 19, 9
# Of the fonts that style.css gives to the picture.
LABEL_SIZE, COMMAND_SIZE = 13.5, 11.5


class Node(NamedTuple):
    """What somebody has or wants; what to call, in lines of code; and for the list, more in Markdown."""

    text: str
    commands: tuple[str, ...] = ()
    more: str = ""
    children: tuple["Node", ...] = ()


TREE = Node(
    "I have …",
    children=(
        Node(
            "a table, and y is",
            children=(
                Node(
                    "a number",
                    ("BayesianRegressor().fit(X, y)", "bayesian-nn fit table.csv --target y"),
                    "[an estimator](reference/estimators.md) that takes what the table's size affords, "
                    "shown on [your own data](notebooks/your-own-data.ipynb); or "
                    "[a command](command-line.md)",
                ),
                Node(
                    "a count",
                    ("BayesianRegressor(likelihood=Poisson())",),
                    "or another [likelihood](reference/likelihoods.md)",
                ),
                Node(
                    "a class",
                    ("BayesianClassifier().fit(X, y)",),
                    "probabilities and doubt, shown on [your own classes](notebooks/your-own-classes.ipynb)",
                ),
            ),
        ),
        Node(
            "images",
            ("fit(model, images)",),
            "[mean-field, in minibatches](reference/variational.md#bayesian_nn.variational.fit.fit), as for "
            "[MNIST](blog/posts/mnist-finally.md)",
        ),
        Node(
            "a trained network",
            (
                "latents_of(model, network)",
                "find_map(model, data, start=latents[None])",
                "fit_laplace(model, data, estimate)",
            ),
            "[its weights](reference/model.md#bayesian_nn.model.layer_weights.latents_of), the nearest "
            "mode, and [a Gaussian there](reference/modes.md#bayesian_nn.modes.laplace.fit_laplace)",
        ),
        Node(
            "a small network, and I want",
            children=(
                Node(
                    "its exact posterior",
                    ("sample_hmc(model, data)",),
                    "[Hamiltonian Monte Carlo](reference/sampling.md#bayesian_nn.sampling.hmc.sample_hmc), "
                    "which can say whether it has converged",
                ),
                Node(
                    "to see it learn",
                    ("fit(model, data)",),
                    "[mean-field](reference/variational.md#bayesian_nn.variational.fit.fit), with a record "
                    "of every step, or [the playground](playground.md)",
                ),
            ),
        ),
    ),
)


def decision_tree() -> str:
    """Return a <figure> with the tree as an inline SVG, in the page's own colours."""
    parts, height = [], MARGIN
    spines: dict[int, float] = {}
    for depth, node in walk(TREE):
        x, middle = MARGIN + INDENT * depth, height + LABEL / 2
        if depth:
            spine = x - INDENT + INDENT / 3
            parts.append(f'<path d="M{spine:g} {spines[depth - 1]:g}V{middle:g}H{x - 4:g}"/>')
        parts.append(f'<text x="{x}" y="{middle + 0.35 * LABEL_SIZE:g}">{escape(node.text)}</text>')
        height += LABEL
        for command in node.commands:
            baseline = height + 0.7 * COMMAND
            parts.append(f'<text class="command" x="{x}" y="{baseline:g}">{escape(command)}</text>')
            height += COMMAND
        spines[depth] = middle + 0.6 * LABEL_SIZE
        height += GAP if node.commands else 0
    title = "Decision tree, from what you have to a command. The list below says the same."
    return (
        f'<figure class="decision"><svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{title}">{"".join(parts)}</svg></figure>'
    )


def decision_list() -> str:
    """Return the tree as a nested Markdown list, with a link or two for each command."""
    lines = []
    for depth, node in walk(TREE):
        if depth:
            called = ", ".join(f"`{command}`" for command in node.commands)
            said = f"{node.text}: {called}; {node.more}" if called else f"{node.text}:"
            lines.append(f"{'    ' * (depth - 1)}- {said}")
    return "\n".join([f"{TREE.text}", "", *lines])


def walk(node: Node, depth: int = 0) -> Iterator[tuple[int, Node]]:
    """Yield each node with its depth, a parent before its children."""
    yield depth, node
    for child in node.children:
        yield from walk(child, depth + 1)
