"""What of a run is shown: what somebody names, or what tells most."""

from __future__ import annotations

import numpy as np
import pytest

import sd_models as sd
from optimize.files.names import Part
from optimize.runs.selection import rows, selected, shown_times, telling
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


def test_totals_and_outcomes_go_before_stocks_with_elements(lakes: System) -> None:
    """Constants and control variables tell nothing of a run."""
    assert telling(lakes, sd.simulate(lakes)) == ["total water", "price$", "water", "loss"]


def test_a_table_is_not_filled_beyond_its_rows() -> None:
    """A model of 31 provinces needs three rows a variable, for the lowest, the median and the highest."""
    system = sd.load("urbanization")
    run = sd.simulate(system)
    names = telling(system, run)
    assert "national urban share" in names
    assert len(rows((run[name] for name in names), 3)) <= 12


def test_a_model_without_system_or_movement_shows_something(lakes: System) -> None:
    """PySD alone may have run it, and nothing may move."""
    run = sd.simulate(lakes, outputs=["inflow", "loss rate"])
    assert telling(None, run) == ["inflow", "loss rate"]


def test_parts_are_selected_under_their_own_names(lakes: System) -> None:
    """Spelt as the modeller does, whatever was typed."""
    run = sd.simulate(lakes)
    shown = selected(run, [Part("WATER", ("South",)), Part("water")])
    assert [row.label for row in rows(shown)] == ["water[south]", "water[north]", "water[south]", "water[east]"]
    assert rows(shown)[0].unit == "m3"
    assert rows(shown)[0].values.tolist() == run["water"].sel(region="south").values.tolist()


def test_many_elements_become_lowest_median_and_highest(lakes: System) -> None:
    """At each time of its own."""
    run = sd.simulate(lakes)
    found = rows([run["water"]], most_elements=2)
    assert [row.label for row in found] == [f"water[region], {which}" for which in ("lowest", "median", "highest")]
    assert np.array_equal(found[0].values, run["water"].min("region"))


def test_names_that_are_not_there_get_the_nearest(lakes: System) -> None:
    """Variables and elements."""
    run = sd.simulate(lakes)
    with pytest.raises(InvalidRequest, match="total water"):
        selected(run, [Part("total watr")])
    with pytest.raises(InvalidRequest, match="north"):
        selected(run, [Part("water", ("nort",))])


@pytest.mark.parametrize(("length", "most", "expected"), [(1, 5, [0]), (3, 5, [0, 1, 2]), (41, 5, [0, 10, 20, 30, 40])])
def test_shown_times_spread_from_first_to_last(length: int, most: int, expected: list[int]) -> None:
    """No more than there are, and no more than there is room for."""
    assert shown_times(np.arange(float(length)), most) == expected
