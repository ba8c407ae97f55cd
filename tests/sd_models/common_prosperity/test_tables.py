"""The tables of the flagship's pages say what its files and its run say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.flagship import system

import sd_models as sd
from sd_models.common_prosperity import tables
from sd_models.common_prosperity.folder import HERE

PLACES = {"README.md": {"measures", "closures", "kinds", "fit"}, "flagship.md": {"alone", "targets"}}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The tables that files and the baseline make."""
    return tables.tables(system(), sd.simulate(system()), HERE / "provinces")


@pytest.mark.parametrize("path", tables.PAGES, ids=lambda path: path.name)
def test_tables_of_the_pages_are_up_to_date(made: dict[str, Any], path: Path) -> None:
    """`python -m sd_models.common_prosperity.tables` would change nothing."""
    text = path.read_text(encoding="utf-8")
    assert tables.page(text, made) == text


@pytest.mark.parametrize("path", tables.PAGES, ids=lambda path: path.name)
def test_each_table_has_its_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert {name for name in PLACES[path.name] if text.count(f"<!-- table {name} -->\n|") == 1} == PLACES[path.name]


def test_a_page_without_places_stays() -> None:
    assert tables.page("| a |\n", {"kinds": lambda: tables.kinds(HERE / "provinces")}) == "| a |\n"


def test_a_table_is_put_in_its_place() -> None:
    text = "<!-- table small -->\nold\n<!-- end -->\n"
    rows = [("", "b"), ("c", "d")]
    wanted = "<!-- table small -->\n|  | b |\n| --- | --- |\n| c | d |\n<!-- end -->\n"
    assert tables.page(text, {"small": lambda: iter(rows)}) == wanted


@pytest.mark.parametrize(
    ("errors", "text"),
    [
        ((0.02, 0.03, 0.04), "2% (3%, 4%)"),
        ((0.02, 0.01, 0.04), "**2%** (1%, 4%)"),
        ((0.02, 0.03, None), "2% (3%)"),
        ((0.0052, 0.03, 0.001), "**.52%** (3%, .1%)"),
    ],
)
def test_errors_worse_than_a_rival_are_bold(errors: tuple[float, float, float | None], text: str) -> None:
    """In the table of the fit, made of a report of `prosperity calibrate`."""
    mean, naive, drift = errors
    row = {"mean": mean, "naive": naive, "drift": drift, "median": mean, "worst": mean, "total": mean}
    rows = [row | {"series": name, "worst_element": f"{name}[Tibet]"} for name in tables.SERIES]
    report = json.loads(json.dumps({"summary": rows, "holdout": {"summary": rows[:1]}}))
    first = list(tables.fit(report))[1]
    assert first[-1] == text
