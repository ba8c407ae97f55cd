"""Figures of a result are drawn for levers of any shape, labelled with names and units."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from support import islands

import optimize as opt
import sd_models as sd
from optimize.results.figures import FIGURES
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

GROUPED = islands.MODEL.replace("hard: rice, steel ~~|", "hard: rice, steel ~~|\nsoft: books, songs ~~|").replace(
    "good: rice, steel, books ~~|", "good: rice, steel, books, songs ~~|"
)
FOUR = (
    ("0.1, 0.2, 0.3; 0.4, 0.5, 0.6; 0.7, 0.8, 0.9;", "0.1, 0.2, 0.3, 1; 0.4, 0.5, 0.6, 1; 0.7, 0.8, 0.9, 1;"),
    ("4, 1, 2; 6, 2, 3; 8, 3, 4;", "4, 1, 2, 1; 6, 2, 3, 1; 8, 3, 4, 1;"),
    ("0.1, 0.2, 0.3 ~ 1/Year", "0.1, 0.2, 0.3, 0.3 ~ 1/Year"),
)


def solved(system: System, **changes: Any) -> opt.Result:
    """The small plan with changes, solved."""
    return opt.solve(opt.Problem(system, opt.read_plan(islands.small_plan(**changes))))


@pytest.fixture(scope="module")
def results(islands_system: System, tmp_path_factory: pytest.TempPathFactory) -> dict[str, opt.Result]:
    """Levers with two dimensions, with named groups, with one, and with none."""
    text = GROUPED
    for old, new in FOUR:
        text = text.replace(old, new)
    path: Path = tmp_path_factory.mktemp("grouped") / "grouped.mdl"
    path.write_text(text.replace("welfare =", "cost$ = 2 * total income ~ $/Year ~|\nwelfare ="), encoding="utf-8")
    one = [{"variable": "spending", "where": {"good": "rice"}, "upper": 2.0}]
    return {
        "two": solved(islands_system),
        "groups": solved(sd.load(path)),
        "one": solved(islands_system, lever=one, limit=[]),
        "none": solved(islands_system, lever=[{"variable": "tax rate"}], limit=[]),
    }


def texts(figure: Figure) -> str:
    """All that is written on a figure."""
    return " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))  # type: ignore[attr-defined]


def saved(figure: Figure) -> int:
    """The bytes of a figure; what cannot be laid out warns, and warnings are errors."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=40)
    return len(file.getvalue())


@pytest.mark.parametrize("what", [name for name in FIGURES if name != "prices"])
@pytest.mark.parametrize("name", ["two", "groups", "one", "none"])
def test_every_figure_of_every_shape(results: dict[str, opt.Result], name: str, what: str) -> None:
    """Drawn, with the lever or outcome, and its unit."""
    figure = opt.plot(results[name], what)
    assert saved(figure) > 2000
    words = texts(figure).replace("\n", " ")
    if what in ("overview", "trajectories"):
        assert "total income" in words
        assert "without policy" in words
    else:
        assert ("tax rate" if name == "none" else "spending") in words
    assert "money" in words or name == "none"


def test_groups_are_named_beside_the_stack(results: dict[str, opt.Result]) -> None:
    """Subranges that divide the dimension."""
    assert results["groups"].groups == {"good": {"hard": ("rice", "steel"), "soft": ("books", "songs")}}
    words = texts(opt.plot(results["groups"], "allocation"))
    assert "hard" in words
    assert "soft" in words


def test_a_total_over_time_counts_how_long_a_value_holds(islands_system: System) -> None:
    """Bars are amounts, as the tables tell them: not rates, which are half of it where periods take two years."""
    lever = [{"variable": "spending", "upper": 2.0, "every": 2}]
    both = solved(islands_system, horizon=[2, 4], lever=lever, limit=[])
    result = replace(both, policy=both.policy.isel(good=0, drop=True))
    figure = opt.plot(result, "shares")
    widths = [bar.get_width() for bar in figure.axes[1].patches]  # type: ignore[attr-defined]
    assert widths == pytest.approx(2 * result.allocation["spending"].sum("time").to_numpy())
    assert "when each island spends its total" in texts(figure).replace("\n", " ")


def test_prices_are_drawn_where_limits_bind(results: dict[str, opt.Result]) -> None:
    """A panel for each; without any there is nothing to draw."""
    assert "annual budget" in texts(opt.plot(results["two"], "prices"))
    with pytest.raises(InvalidRequest, match="no prices to draw"):
        opt.plot(replace(results["two"], shadow_prices={}), "prices")


def test_an_unknown_figure_gets_the_nearest_name(results: dict[str, opt.Result]) -> None:
    """In a sentence."""
    with pytest.raises(InvalidRequest, match=r"no figure 'overvew'.*'overview'"):
        opt.plot(results["two"], "overvew")
