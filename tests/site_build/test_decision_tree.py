"""The decision tree of *How to choose*: its picture and its list say the same, and what they name exists."""

import re
from html import unescape
from xml.etree import ElementTree

import pytest
from repository import ROOT

from site_build.html import decision_tree

LINK = re.compile(r"\]\(([^)#]+)")
STUBS = ("", "model/", "likelihoods/")


@pytest.fixture(scope="module")
def texts():
    """The SVG's elements of text."""
    picture = ElementTree.fromstring(decision_tree.decision_tree())
    return [element for element in picture.iter() if element.tag == "text"]


def test_the_list_says_what_the_picture_says_in_its_order(texts):
    written = decision_tree.decision_list()
    place = 0
    for element in texts:
        place = written.find(unescape(element.text), place)
        assert place >= 0, f"the list lacks {element.text!r}, or has it elsewhere"
    assert written.count("`") == 2 * sum(element.get("class") == "command" for element in texts)


def test_what_the_tree_calls_exists(texts):
    public = {
        name
        for room in STUBS
        for name in re.findall(
            r" as (\w+)$", (ROOT / f"src/bayesian_nn/{room}__init__.pyi").read_text("utf-8"), re.MULTILINE
        )
    }
    commands = [element.text for element in texts if element.get("class") == "command"]
    called = {name for command in commands for name in re.findall(r"([A-Za-z]\w+)\(", command)}
    assert {"BayesianRegressor", "Poisson", "latents_of", "sample_hmc"} <= called
    assert called <= public


def test_every_line_fits_a_narrow_phone(texts):
    bottom = max(float(element.get("y")) for element in texts)
    (box,) = re.findall(r'viewBox="0 0 (\d+) ([\d.]+)"', decision_tree.decision_tree())
    assert bottom < float(box[1])
    for element in texts:
        command = element.get("class") == "command"
        size = decision_tree.COMMAND_SIZE if command else decision_tree.LABEL_SIZE
        # A letter of a monospaced font is 0.6 of its size wide; bold words are narrower on average.
        assert float(element.get("x")) + 0.62 * size * len(element.text) < decision_tree.WIDTH, element.text
    style = (ROOT / "docs/assets/page/style.css").read_text("utf-8")
    assert f"font: 600 {decision_tree.LABEL_SIZE}px" in style
    assert f"font: 400 {decision_tree.COMMAND_SIZE}px" in style


def test_links_of_the_list_lead_somewhere():
    targets = LINK.findall(decision_tree.decision_list())
    assert len(targets) > 5
    for target in targets:
        assert (ROOT / "docs" / target).is_file(), target
