"""A plan that leaves nothing to decide gives its policy: nowhere is that praised as if somebody had chosen it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import valleys

import optimize as opt
from optimize.comparisons.tables import sentences as compared
from optimize.comparisons.tables import tables as compared_tables
from optimize.reports.content import report_of
from optimize.results.answer import answer
from optimize.results.sentences import sentences
from optimize.results.tables import tables

PRAISE = re.compile(r"recommend|best|optim|largest value|better|建议|最优|最好", re.IGNORECASE)
SAID = "Nothing is left to decide in this plan: its policy is given."


@pytest.fixture(scope="module", params=["fixed", "bounds", "fixed, not replayed"])
def given(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> opt.Result:
    """The valleys with levers that are fixed, or whose bounds leave them one value."""
    lever = {"upper": 0.5, "lower": 0.5} if request.param == "bounds" else {"fixed": 0.5}
    model = valleys.written(tmp_path_factory.mktemp("valleys"))
    result = valleys.solved(model, lever=[{"variable": "money", **lever}], limit=[])
    return result if request.param.endswith("not replayed") else opt.verify(result)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_that_is_read_praises_a_policy_that_is_given(given: opt.Result, language: str) -> None:
    """Neither sentences nor titles of tables, nor the page; `sure` may advise to replay it."""
    told = sentences(given, language)
    assert [one.topic for one in told[:3]] == ["verdict", "sure", "given"]
    titles = [table.title for table in tables(given, language)]
    report = report_of(given, language)
    page = [report.title, report.warning, *report.sentences, *report.about]
    for text in (*(one.text for one in told), *titles, *page):
        assert not PRAISE.search(text), text
    if language == "en":
        assert told[0].text.startswith(SAID)
        assert str(given.status).startswith("Nothing is left to decide in this plan. Bounds and limits leave no other")
        assert report.title.endswith(": a policy that is given")


def test_a_comparison_says_that_it_is_given(given: opt.Result) -> None:
    """And programs read what they did."""
    found = opt.compare([given, given], ["even", "other"])
    assert compared(found)[0] == "even: nothing is left to decide in this plan."
    assert not any(PRAISE.search(text) for text in (*compared(found), *(one.title for one in compared_tables(found))))
    expected = "proved optimum" if given.verification else "local optimum, not replayed yet"
    assert answer(given)["status"] == expected


def test_a_plan_that_leaves_a_choice_is_recommended(tmp_path: Path) -> None:
    """As before."""
    assert sentences(valleys.solved(valleys.written(tmp_path)))[2].topic == "recommended"
