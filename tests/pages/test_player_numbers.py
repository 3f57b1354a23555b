"""Numbers as the pages say them, in the browser's arithmetic."""

import pytest
from readers.node import ASSETS, evaluate_in_node

MINUS = "\N{MINUS SIGN}"
EXPECTED = {
    "formatted": {
        -0.0: "0",
        -1234.5678: f"{MINUS}1,234.57",
        1e-5: "0.00001",
        9_999_990: "9,999,990",
        -2.5e7: f"{MINUS}2.5E7",
        1e-6: "0.000001",
        1.25e-200: f"1.25E{MINUS}200",
    },
    "short": {0.123456: "0.123", -1234.5: f"{MINUS}1,230", 3e30: "3E30", 4: "4"},
    "whole": {
        -0.4: "0",
        -1_234_567.4: f"{MINUS}1,234,567",
        999.5: "1,000",
        9_999_999: "9,999,999",
        2.3456e12: "2.35E12",
    },
    "compact": {
        0: "0",
        -9999: f"{MINUS}9,999",
        10_000: "10k",
        -250_000: f"{MINUS}250k",
        1_000_000: "1,000k",
        1e9: "1E9",
        0.25: "0.25",
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_numbers_are_said_as_they_are_read(name):
    expected = EXPECTED[name]
    said = evaluate_in_node(
        f"""async ({{ assets, values }}) => {{
            const {{ {name} }} = await import(assets + "drawing/format.js");
            return values.map((value) => {name}(value));
        }}""",
        assets=f"{ASSETS.as_uri()}/",
        values=list(expected),
    )
    assert said == list(expected.values())


def test_what_is_no_number_is_not_said_to_be_one():
    said = evaluate_in_node(
        """async ({ assets }) => {
            const numbers = await import(assets + "drawing/format.js");
            return Object.values(numbers).map((say) => [NaN, Infinity, -Infinity].map((value) => say(value)));
        }""",
        assets=f"{ASSETS.as_uri()}/",
    )
    assert said == [["NaN", "∞", f"{MINUS}∞"]] * 4
