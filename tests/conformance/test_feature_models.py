"""Each feature of the modelling languages has a small model of its own, whose run equals PySD's own run of the file.

Where we follow Vensim or XMILE against PySD, the values stand in `departures` by hand, with the reason.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pysd
import pytest
import xarray as xr
from support.agreement import disagreeing, gap, gaps, runs
from support.departures import DEPARTURES, Departure

import sd_models as sd
from sd_models.errors import ModelError
from sd_models.reference.departures import departing
from sd_models.reference.replay import replay
from sd_models.system.model import Kind, System, key

FOLDER = Path(__file__).parents[1] / "models"
MODELS = sorted(path.name for ending in ("mdl", "xmile") for path in FOLDER.glob(f"*.{ending}"))
REFUSED = sorted(name for name, departure in DEPARTURES.items() if departure.refused)
DIFFERENT = sorted(set(DEPARTURES) - set(REFUSED))
COMPARED = [name for name in MODELS if name not in REFUSED]
DATA = dict.fromkeys(("data_bare.mdl", "data_beside.mdl"), (FOLDER / "beside.csv",))
CONTROLS = frozenset(("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"))


def loaded(name: str) -> System:
    return sd.load(FOLDER / name, data=DATA.get(name, ()))


def expected(run: xr.Dataset, departure: Departure, name: str) -> np.ndarray:
    """The values by hand, which must cover the times and elements of the run."""
    values = np.asarray(departure.expected[name], dtype=np.float64)
    assert values.shape == run[name].shape, name
    return values


@pytest.mark.parametrize("name", COMPARED)
def test_a_run_equals_pysd_s_run(name: str) -> None:
    """Every variable, element and saved time to 1e-9, but for the departures; names and dimensions are the same."""
    ours, reference = runs(FOLDER / name, data=DATA.get(name, ()))
    departs = DEPARTURES[name].expected if name in DEPARTURES else {}
    assert set(disagreeing(ours, reference)) == set(departs)


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_from_pysd_has_the_values_of_the_language(name: str) -> None:
    """Variables that PySD computes otherwise have the values that stand in the table of departures."""
    departure, run = DEPARTURES[name], sd.simulate(loaded(name))
    worst = {v: gap(run[v].to_numpy(), expected(run, departure, v)) for v in departure.expected}
    assert max(worst.values()) <= 1e-12, worst


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_is_left_out_of_comparisons(name: str) -> None:
    """With all that follows from it; nothing else of these models is."""
    assert set(departing(loaded(name))) >= set(DEPARTURES[name].expected)
    assert not set(departing(loaded("logic_mixed.mdl")))


@pytest.mark.parametrize("name", REFUSED)
def test_what_pysd_refuses_has_the_values_of_the_language(name: str) -> None:
    """A file that PySD cannot run has the values by hand in every variable; the table leaves none out."""
    departure, run = DEPARTURES[name], sd.simulate(loaded(name))
    assert set(map(str, run.data_vars)) - CONTROLS == set(departure.expected)
    by_hand = {variable: (run[variable].dims, expected(run, departure, variable)) for variable in departure.expected}
    worst = gaps(run[list(by_hand)], xr.Dataset(by_hand, run.coords))
    assert max(worst.values()) <= 1e-12, worst


@pytest.mark.parametrize("name", REFUSED)
def test_pysd_refuses_what_the_table_says(name: str) -> None:
    """A row of the table is taken out once PySD can run the file."""
    with pytest.raises(ModelError):
        replay(FOLDER / name, data=DATA.get(name, ()))


def test_every_departure_has_a_model_and_a_reason() -> None:
    """The table names files that exist, each with a sentence."""
    assert set(DEPARTURES) <= set(MODELS)
    assert all(departure.reason.endswith(".") for departure in DEPARTURES.values())


@pytest.mark.parametrize("name", COMPARED)
def test_no_variable_of_the_file_is_lost(name: str) -> None:
    """Every variable that PySD's own front end reads in the file is a variable of the system."""
    from pysd.translators.vensim.vensim_file import VensimFile
    from pysd.translators.xmile.xmile_file import XmileFile

    parser = VensimFile(FOLDER / name) if name.endswith("mdl") else XmileFile(FOLDER / name)
    parser.parse()
    main, *_ = parser.get_abstract_model().sections
    ours = {key(variable.name): variable for variable in loaded(name)}
    assert {key(element.name) for element in main.elements} <= set(ours)
    added = {variable.name for variable in ours.values() if variable.origin}
    assert set(ours) - {key(element.name) for element in main.elements} <= {key(name) for name in added}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_what_it_shows(name: str) -> None:
    """The first lines of a feature model are a heading and a sentence."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert "\n\t." in text if name.endswith("mdl") else "<!-- " in text, name


def test_a_smooth_that_starts_with_a_whole_number_is_not_cut_off(tmp_path: Path) -> None:
    """PySD cuts 3.5 down to 3 in the first step of a SMOOTH that starts with 0; the replay and our run do not."""
    name = "smooth_of_whole_numbers.mdl"
    copy = tmp_path / name
    copy.write_text((FOLDER / name).read_text(encoding="utf-8"), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySD calls pandas in a way that its newest release deprecates
        alone = pysd.read_vensim(str(copy)).run(return_columns=["smoothed"])["smoothed"]
    assert alone.tolist() == [0, 1.5, 2.5, 3]
    assert sd.simulate(loaded(name))["smoothed"].to_numpy().tolist() == [0, 1.75, 2.625, 3.0625]


def test_units_limits_and_documentation_are_kept() -> None:
    """Unit, limits and comment of an entry stand in the system and in the attributes of a run."""
    system = loaded("units.mdl")
    assert (system["price"].unit, system["price"].limits) == ("yuan/(person*Year)", (0.0, 10.0))
    assert (system["share"].unit, system["share"].limits) == ("Dmnl", (0.0, 1.0))
    assert system["open"].limits == (0.0, None)
    assert (system["only limits"].unit, system["only limits"].limits) == ("", (-1.0, 8.0))
    run = sd.simulate(system)
    assert run["price"].attrs == {"units": "yuan/(person*Year)", "long_name": "A price."}
    assert run["total"].attrs["long_name"] == "A comment over two lines, with = and (signs)."


def test_places_are_the_lines_of_the_file() -> None:
    """Every variable of a file knows the line on which its first equation begins."""
    for name in ("ranges.mdl", "macro.mdl", "comments.mdl", "stocks_and_flows.xmile"):
        lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
        for variable in loaded(name):
            if not variable.origin and variable.place and variable.name not in CONTROLS:
                assert variable.name.split()[0] in lines[variable.place.line - 1], variable


def test_tables_are_no_outputs() -> None:
    """A run returns every variable of the file that has a value of its own."""
    system = loaded("tables.mdl")
    assert not {variable.name for variable in system.of_kind(Kind.TABLE)} & set(map(str, sd.simulate(system).data_vars))
