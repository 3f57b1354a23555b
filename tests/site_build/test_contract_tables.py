"""The tables of what works with what: the contract tests' own, read without running them."""

import pytest
from contracts import methods
from repository import ROOT

from site_build.html import contract_tables


def cells(table):
    heads, _, *rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    return {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows}


def test_the_tables_say_what_the_tests_hold():
    by_likelihood = cells(contract_tables.likelihoods_table(ROOT))
    assert list(by_likelihood) == list(methods.METHODS)
    assert all(list(row) == list(methods.LIKELIHOODS) for row in by_likelihood.values())
    by_prior = cells(contract_tables.priors_table(ROOT))
    refused = {(method, prior) for method, row in by_prior.items() for prior in row if row[prior] == "no"}
    assert refused == {(method, prior) for prior, names in methods.REFUSED.items() for method in names}
    assert set(methods.REFUSED) <= set(methods.PRIORS)
    assert {method for names in methods.REFUSED.values() for method in names} <= set(methods.METHODS)


def test_a_table_that_is_gone_fails(tmp_path):
    file = tmp_path / contract_tables.TABLE
    file.parent.mkdir(parents=True)
    file.write_text("LIKELIHOODS = {}\nMETHODS = {}\n")
    with pytest.raises(ValueError, match="has no PRIORS, REFUSED"):
        contract_tables.priors_table(tmp_path)
