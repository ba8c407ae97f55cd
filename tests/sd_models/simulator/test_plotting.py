"""A figure has a panel for each variable, with its name and unit, and lines for its elements."""

from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from sd_models.simulator.plotting import plot

TIMES = np.arange(4.0)


def values(name: str, elements: int = 0, unit: str = "m3/Year") -> xr.DataArray:
    """A variable that grows, each element from another value on."""
    if not elements:
        return xr.DataArray(TIMES, {"time": TIMES}, ("time",), name, {"units": unit})
    array = TIMES[:, None] + np.arange(elements)
    coordinates = {"time": TIMES, "region": [f"r{i}" for i in range(elements)]}
    return xr.DataArray(array, coordinates, ("time", "region"), name, {"units": unit})


def texts(figure: Figure) -> list[str]:
    """Everything that is written in the only panel."""
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_panel_has_name_unit_and_time() -> None:
    """So that it can be read alone."""
    (panel,) = plot([values("water")], time_unit="Year").axes
    assert panel.get_title(loc="left") == "water"
    assert (panel.get_ylabel(), panel.get_xlabel()) == ("m3/Year", "Year")
    assert panel.lines[0].get_ydata().tolist() == TIMES.tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_there_is_a_panel_for_each_variable(count: int) -> None:
    """And no empty ones."""
    run = xr.Dataset({f"v{i}": values(f"v{i}") for i in range(count)})
    assert len(plot(run, title="model").axes) == count


def test_few_elements_have_a_named_line_each() -> None:
    """The names stand at the ends of the lines, the lowest below."""
    figure = plot([values("water", 3)])
    assert len(figure.axes[0].lines) == 3
    assert texts(figure) == ["r0", "r1", "r2"]


def test_many_elements_are_a_bundle_with_its_median_and_extremes() -> None:
    """31 names would be unreadable."""
    figure = plot([values("water", 31)])
    assert len(figure.axes[0].lines) == 32
    assert texts(figure) == ["r0", "median", "r30"]


def test_names_never_cover_each_other() -> None:
    """Lines that end close together have their names moved apart, within the panel."""
    close = values("water", 5) * 0 + np.array([1.0, 1.0, 1.001, 1.002, 5.0])
    heights = [text.xy[1] for text in plot([close.rename("water")]).axes[0].texts]
    assert (np.diff(heights) > 0.08).all()
    assert max(heights) <= 1.0


@pytest.mark.parametrize("name", ["price $ and $ more", "a_b^c\\frac", "100%", "very " * 30])
def test_names_are_text_and_no_formulas(name: str) -> None:
    """A dollar sign in a model file must not stop the drawing."""
    plot([values(name, 6, unit=name)], title=name).savefig(io.BytesIO(), format="png")


def test_missing_numbers_and_single_times_are_drawn() -> None:
    """Gaps in lines, a dot for one time."""
    gaps = values("water", 6).where(values("water", 6) > 1)
    plot([gaps, values("late").isel(time=[0])]).savefig(io.BytesIO(), format="png")
