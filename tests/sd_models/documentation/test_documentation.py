"""The reference of a model: every variable stands on it once, and all that it says is text."""

from __future__ import annotations

import re
from collections import Counter
from html import escape, unescape
from pathlib import Path

import pytest

import sd_models as sd
from sd_models.documentation.assessment import Assessment
from sd_models.reading.library import library
from sd_models.system.model import Kind, System

MODELS = Path(__file__).parents[2] / "models"
NAMES = [*library(), *(str(MODELS / name) for name in ("modules.xmile", "groups.mdl", "arrays.xmile", "delays.mdl"))]


def text_of(page: str) -> str:
    """The page without its drawings."""
    return re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: Path(name).name)
def test_every_variable_stands_on_the_page_once(name: str) -> None:
    """With its equations and what the modeller says of it; links lead somewhere."""
    system = sd.load(name)
    page = text_of(sd.document(system))
    titles = Counter(unescape(title) for title in re.findall(r"<h3>(.*?)</h3>", page))
    assert titles == Counter(variable.title for variable in system)
    for variable in system:
        assert escape(variable.facts[0]) in page
        assert escape(" ".join(variable.documentation.split())) in page
    anchors = re.findall(r' id="([^"]*)"', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(anchors)


@pytest.mark.parametrize("name", library())
def test_uses_are_told_from_both_ends(name: str) -> None:
    found = Assessment(sd.load(name))
    pairs = {(user, used) for user, names in found.uses.items() for used in names}
    assert pairs == {(user, used) for used, users in found.used_by.items() for user in users}
    assert pairs


def test_what_a_model_says_is_text(tmp_path: Path) -> None:
    """Neither its names nor its comments make anything happen."""
    file = tmp_path / "hostile.mdl"
    file.write_text(
        '"<b>births</b>" = people * 0.1\n\t~ person/Year\n\t~ <script>alert(1)</script> & more\n\t|\n'
        'people = INTEG("<b>births</b>", 5)\n\t~ person\n\t~\n\t|\n'
        '"a b!" = 1\n\t~\n\t~\n\t|\n"a b?" = "a b!"\n\t~\n\t~\n\t|\n'
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n",
        encoding="utf-8",
    )
    page = sd.document(sd.load(file))
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    anchors = re.findall(r' id="([^"]*)"', page)
    assert len(anchors) == len(set(anchors))


def test_what_a_reader_would_miss_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "poor.mdl"
    file.write_text(
        "births = people * rate\n\t~ person\n\t~ Newborn.\n\t|\npeople = INTEG(births, 5)\n\t~ person\n\t~\n\t|\n"
        "rate = 0.1\n\t~\n\t~ Of the table.\n\t|\nolder = people\n\t~ person\n\t~ Left over.\n\t|\n"
        "INITIAL TIME = 0 ~ Year ~ .|\nFINAL TIME = 1 ~ Year ~ .|\n"
        "TIME STEP = 1 ~ Year ~ .|\nSAVEPER = 1 ~ Year ~ .|\n",
        encoding="utf-8",
    )
    found = dict(Assessment(sd.load(file)).rows)
    assert found["Variables"] == "8"
    assert found["Without a comment"] == "1: people"
    assert found["Without a unit"] == "1: rate"
    assert found["Used by no other variable"] == "1: older"
    assert found["Units that do not agree"].startswith("2: ")
    assert (found["INITIAL TIME"], found["FINAL TIME"]) == ("0", "1")


def test_counts_of_kinds_add_up() -> None:
    system: System = sd.load("urbanization")
    rows = dict(Assessment(system).rows)
    kinds = ("Stocks", "Samples", "Flows and auxiliaries", "Constants", "Data", "Tables")
    assert sum(int(rows[kind].split(",")[0]) for kind in kinds if kind in rows) == len(system.variables)
    assert rows["Stocks"].startswith(f"{len(list(system.of_kind(Kind.STOCK)))},")
