"""The page of a benchmark in a browser: drawn as wide as the window, one family at a time, without any request."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page
from support.browser import SIZES, show
from support.contests import PLAIN

from optimize.benchmarks.comparing.benchmark import Benchmark
from optimize.benchmarks.comparing.facts import End, Point
from optimize.benchmarks.comparing.page import page_of, report_of
from optimize.benchmarks.comparing.verdicts import judged
from optimize.reports.blocks import Chart

SOLVERS = 14  # more than lines can be told apart


def benchmark() -> Benchmark:
    """Two families, many solvers; one solver gives a wrong answer."""
    runs = [
        replace(
            PLAIN,
            solver=f"solver {number}",
            family=family,
            instance=f"{family} {at}",
            seconds=0.1 * (number + 1),
            points=(Point(0.02, 1, 0, 20.0), Point(0.05, 2, 0, 10.5), Point(0.1, 3, 0, 10.0)),
        )
        for family in ("one", "other")
        for at in range(3)
        for number in range(SOLVERS)
    ]
    runs[0] = replace(runs[0], violation=0.5, breaks="budget", said="optimal")
    runs[1] = replace(runs[1], end=End.TIME, message="was ended 2 s after its limit of 60 s.")
    return Benchmark(Path("nowhere"), tuple(judged(runs)))


@pytest.mark.parametrize("size", list(SIZES))
def test_it_fits_and_shows_a_family_alone(size: str, page: Page, tmp_path: Path) -> None:
    """Nothing is wider than the window, every chart is drawn, and a family hides the sections of the others."""
    page.set_viewport_size(SIZES[size])
    show(page, tmp_path, page_of(benchmark()))
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    assert page.locator(".chart svg").count() == page.locator(".chart").count() == 6
    shown = "[...document.querySelectorAll('section')].filter((one) => !one.hidden).map((one) => one.id)"
    assert page.evaluate(shown) == ["family-1", "family-2", "meanings", "origins"]
    page.locator(".groups select").select_option("other")
    assert page.evaluate(shown) == ["family-2", "meanings", "origins"]
    page.locator(".groups select").select_option("")
    assert page.evaluate(shown) == ["family-1", "family-2", "meanings", "origins"]
    assert "'budget' is broken by 5.0e-01 of its size." in page.locator("#family-1").inner_text()


def test_a_solver_has_one_look_on_a_page() -> None:
    """In all profiles and panels of all families."""
    found = defaultdict[str, set[int]](set)
    for section in report_of(benchmark()).sections:
        for chart in (block for block in section.blocks if isinstance(block, Chart)):
            panels = chart.specification.get("panels", [chart.specification])
            for series in (each for panel in panels for each in panel["series"]):
                found[series["name"]].add(series["look"])
    assert len(found) > 2
    assert all(len(looks) == 1 for looks in found.values())
    assert len({look for looks in found.values() for look in looks}) == len(found)
