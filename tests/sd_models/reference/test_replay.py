"""`replay`: PySD's own run, laid out like ours, with the inputs that were given."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pysd
import pytest
import xarray as xr

import sd_models as sd
from sd_models.errors import InvalidRequest, ModelError, SimulationError, UnreadableModel, UnsafeModel
from sd_models.reference import pysd_model
from sd_models.reference import replay as reference
from sd_models.reference.pysd_model import PrivateModel
from sd_models.reference.replay import replay

HEAD = "{UTF-8}\n"
CONTROLS = "INITIAL TIME = 0 ~~|\nFINAL TIME = 4 ~ Year ~|\nTIME STEP = 0.5 ~~|\nSAVEPER = 1 ~~|\n"
MODEL = """
:MACRO: HALVED(whole)
HALVED = whole / 2 ~~|
:END OF MACRO:
Region: north, south ~~|
Age: young, old ~~|
people[Region, Age] = INTEG(births[Region, Age] - HALVED(deaths), start[Region, Age]) ~ person ~ Who lives "there". |
start[north, Age] = 10, 20 ~ person ~|
start[south, Age] = 30, 40 ~ person ~|
births[Region, Age] = people[Region, Age] * rate * effect(Time) ~ person/Year ~|
deaths = level / 10 ~~|
level = SMOOTH3(Time, 2) + DELAY FIXED(rate, 1, 0) ~~|
rate = 0.1 ~ 1/Year [0, 1] ~ How fast: "quick" |
effect((0, 1), (2, 1.123456789012345), (4, 3)) ~~|
income[Region] = GET DIRECT CONSTANTS('data.csv', ',', 'B2*') ~~|
price := GET DIRECT DATA('data.csv', ',', 'A', 'B2') ~~|
total = SUM(people[Region!, Age!]) * price + SUM(income[Region!]) ~~|
"""
DATA = "x,y,z\n0,5,6\n4,7,8\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the data file of the model."""
    (tmp_path / "data.csv").write_text(DATA)
    return tmp_path


@pytest.fixture
def model(folder: Path) -> Path:
    """A file with subscripts, a table, a macro, delays and data."""
    return written(folder, MODEL)


def written(folder: Path, equations: str, controls: str = CONTROLS, name: str = "model.mdl") -> Path:
    """A Vensim file with these equations."""
    (folder / name).write_text(HEAD + equations + controls, encoding="utf-8")
    return folder / name


def plain(path: Path, **options: object) -> pd.DataFrame:
    """The run that PySD gives when nothing guards it, on a copy of the file."""
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file in path.parent.iterdir():
            (Path(name) / file.name).write_bytes(file.read_bytes())
        return pysd.read_vensim(Path(name) / path.name).run(**options)


class TestAgreement:
    """The run is PySD's."""

    def test_every_variable(self, model: Path) -> None:
        """All variables at all saved times, to the last digits that differ by PySD's rounding of tables."""
        run, expected = replay(model), plain(model)
        assert list(run["time"].values) == list(expected.index) == [0, 1, 2, 3, 4]
        for column in expected:
            name, _, elements = str(column).rstrip("]").partition("[")
            index = dict(zip(run[name].dims[1:], elements.split(","), strict=True)) if elements else {}
            np.testing.assert_allclose(run[name].sel(index), expected[column], rtol=1e-7)

    def test_layout_is_that_of_simulate(self, model: Path) -> None:
        """Names, dimensions, elements, times and attributes are those of our own run, and the values agree."""
        run, ours = replay(model), sd.simulate(sd.load(model))
        assert set(run.data_vars) == set(ours.data_vars)
        for name, values in ours.data_vars.items():
            assert run[name].dims == values.dims
            assert run[name].attrs == values.attrs
            assert run[name].dtype == np.float64
            xr.testing.assert_allclose(run[name], values, rtol=1e-9)
            assert run[name].indexes.keys() == values.indexes.keys()

    def test_path_and_system_give_the_same(self, model: Path) -> None:
        """Whether the file or what was loaded from it is given."""
        xr.testing.assert_identical(replay(model), replay(sd.load(model)))
        xr.testing.assert_identical(replay(model), replay(str(model)))

    def test_units_and_documentation(self, model: Path) -> None:
        """They are kept, whatever quotes they hold."""
        run = replay(model)
        assert run["people"].attrs == {"units": "person", "long_name": 'Who lives "there".'}
        assert run["rate"].attrs["long_name"] == 'How fast: "quick"'
        assert (run.attrs["engine"], run.attrs["method"], run.attrs["model"]) == ("PySD", "euler", model.parent.name)

    def test_all_digits_of_tables(self, folder: Path) -> None:
        """PySD alone writes tables with eight decimals."""
        path = written(folder, "t((0,1e-10),(9,0.123456789012345)) ~~|\nlow = t(0) ~~|\nhigh = t(9) ~~|\n")
        run = replay(path)
        assert (run["low"].values[0], run["high"].values[0]) == (1e-10, 0.123456789012345)

    def test_whole_numbers_do_not_truncate(self, folder: Path) -> None:
        """A SMOOTH that starts with a whole number: PySD alone truncates its state to whole numbers."""
        run = replay(written(folder, "x = SMOOTHI(3, 4, 0) ~~|\n"))
        assert run["x"].values[1] == pytest.approx(3 - 3 * (1 - 0.5 / 4) ** 2)

    @pytest.mark.parametrize(("text", "value"), [("-2^2", -4), ("2^3^2", 512), ("(1-3)^2", 4), ("2^-1", 0.5)])
    def test_powers(self, folder: Path, text: str, value: float) -> None:
        """Decimal bases change no power."""
        path = written(folder, f"x = {text} ~~|\n")
        assert replay(path)["x"].values[0] == plain(path)["x"].iloc[0] == value

    def test_library_model(self) -> None:
        """A library name will do."""
        run = replay("urbanization", time=sd.TimeSpan(stop=2010.5), outputs=["national urban share"])
        assert run["time"].values[0] == 2010


SHAPES = {
    "one axis and two": "y[Region, Age] = INTEG(x[Region] - y[Region, Age] / 3, 2) ~~|",
    "delays": "z[Region, Age] = DELAY3(x[Region] + Time, 2) ~~|\nw[Region] = SMOOTH(x[Region], 3) ~~|",
    "a fixed delay": "z[Region, Age] = DELAY FIXED(x[Region] + Time, 1, 0) ~~|",
    "a cut": "y[Region, Age] = INTEG(-x[Region], 2) ~~|\nw[Age] = INTEG(y[north, Age], 0) ~~|",
    "stocks in macros": (
        ":MACRO: FILL(inflow)\nFILL = INTEG(inflow - FILL / 3, 1) ~~|\n:END OF MACRO:\n"
        "z = FILL(FILL(x[north])) ~~|\nw[Region, Age] = INTEG(z * x[Region], 0) ~~|"
    ),
}


@pytest.mark.parametrize("equations", SHAPES.values(), ids=SHAPES)
def test_stocks_of_different_shapes_run(tmp_path: Path, equations: str) -> None:
    """Also without one that has no subscripts, where PySD's own step cannot hold them in one array."""
    ranges = "Region: north, south ~~|\nAge: young, middle, old ~~|\nx[Region] = INTEG(x[Region] / 10, 1) ~~|\n"
    macros, _, plain = equations.rpartition(":END OF MACRO:\n")
    system = sd.load(written(tmp_path, f"{macros}{':END OF MACRO:' if macros else ''}\n{ranges}{plain}\n"))
    run, reference = sd.simulate(system), replay(system)
    for name in reference.data_vars:
        np.testing.assert_allclose(run[name], reference[name], rtol=1e-12)


class TestInputs:
    """Constants, levers, time and outputs."""

    def test_constants(self, model: Path) -> None:
        """One number stands for every element; arrays go by their elements."""
        run = replay(model, constants={"Rate": 0.3, "income": xr.DataArray([1.0, 2.0], {"Region": ["south", "north"]})})
        assert (run["rate"] == 0.3).all()
        assert run["income"].sel(Region="north", time=0) == 2.0
        np.testing.assert_allclose(run["total"], plain(model, params={"rate": 0.3})["total"] - 12 + 3, rtol=1e-7)

    def test_constants_change_initial_values(self, model: Path) -> None:
        """Stocks start with what their initial values refer to."""
        run = replay(model, constants={"start": np.array([[1.0, 2.0], [3.0, 4.0]])})
        assert run["people"].isel(time=0).values.tolist() == [[1, 2], [3, 4]]

    @pytest.mark.parametrize(
        "path",
        [
            xr.DataArray([0.1, 0.2, 0.4], {"time": [0.0, 1.0, 2.5]}),
            pd.Series([0.1, 0.2, 0.4], index=[0.0, 1.0, 2.5]),
            np.array([0.1, 0.1, 0.2, 0.2, 0.2, 0.4, 0.4, 0.4]),
        ],
        ids=["DataArray", "Series", "array"],
    )
    @pytest.mark.parametrize("variable", ["rate", "deaths"])
    def test_levers_hold_their_value(self, model: Path, path: object, variable: str) -> None:
        """From its own time on until the next, whatever the kind of variable; like in our own run."""
        run = replay(model, levers={variable: path})
        assert run[variable].values.tolist() == [0.1, 0.2, 0.2, 0.4, 0.4]
        given = path if not isinstance(path, pd.Series) else xr.DataArray(path.values, {"time": path.index.values})
        ours = sd.simulate(sd.load(model), levers={variable: given})
        np.testing.assert_allclose(run["total"], ours["total"], rtol=1e-9)

    @pytest.mark.parametrize(("late", "held"), [(4e-6, 2.0), (4e-4, 2.0), (2e-3, 2.5), (-4e-4, 2.0), (-2e-3, 2.0)])
    @pytest.mark.parametrize("variable", ["rate", "price"])
    def test_levers_hold_from_the_same_step_as_in_our_run(
        self, model: Path, late: float, held: float, variable: str
    ) -> None:
        """A written time counts as a point of the run that it misses by a little, and not by more, on both roads."""
        path = xr.DataArray([0.1, 0.2], {"time": [0.0, 2.0 + late]})
        run = replay(model, levers={variable: path}, time=sd.TimeSpan(step=0.5, save_every=0.5))
        ours = sd.simulate(sd.load(model), levers={variable: path}, time=sd.TimeSpan(step=0.5, save_every=0.5))
        assert float(run["time"][run[variable] == 0.2][0]) == held
        np.testing.assert_array_equal(run[variable], ours[variable])

    def test_levers_with_dimensions(self, model: Path) -> None:
        """A path for every element, in any order of dimensions and elements."""
        path = xr.DataArray(
            np.arange(8.0).reshape(2, 2, 2),
            {"Age": ["old", "young"], "Region": ["north", "south"], "time": [0.0, 2.0]},
        )
        run = replay(model, levers={"births": path})
        for age in ("young", "old"):
            expected = path.sel(Age=age, Region="south").values
            assert run["births"].sel(Age=age, Region="south").values.tolist() == [expected[0]] * 2 + [expected[1]] * 3

    def test_levers_in_place_of_data(self, model: Path) -> None:
        """A data variable takes the path as well."""
        run = replay(model, levers={"price": xr.DataArray([1.0, 3.0], {"time": [0.0, 2.0]})})
        assert run["price"].values.tolist() == [1, 1, 3, 3, 3]

    def test_steps_that_binary_numbers_cannot_hold(self, folder: Path) -> None:
        """Steps of 0.1 add up with rounding errors; every value still holds from its own step on."""
        controls = "INITIAL TIME = 2020 ~~|\nFINAL TIME = 2023 ~~|\nTIME STEP = 0.1 ~~|\nSAVEPER = 0.1 ~~|\n"
        data = "d := GET DIRECT DATA('data.csv', ',', 'A', 'B2') ~~|\n"
        path = written(folder, f"x = 1 ~~|\ny = INTEG(x, 0) ~~|\n{data}", controls)
        values = xr.DataArray(np.arange(31.0), {"time": 2020 + 0.1 * np.arange(31)})
        run = replay(path, levers={"x": values, "d": values})
        assert run["x"].values.tolist() == list(range(31))
        assert run["d"].values.tolist() == list(range(31))
        assert run["time"].values.tolist() == [round(2020 + i / 10, 6) for i in range(31)]

    def test_time(self, model: Path) -> None:
        """Another time span, from the initial values on; also by way of the control variables."""
        run = replay(model, time=sd.TimeSpan(start=1.0, stop=3.0, step=0.25, save_every=0.5))
        assert run["time"].values.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]
        assert run["level"].values[0] == 1.0
        controls = {"initial time": 1, "FINAL TIME": 3, "Time Step": 0.25, "SAVEPER": 0.5}
        xr.testing.assert_identical(run, replay(model, constants=controls))

    def test_outputs(self, model: Path) -> None:
        """Only what is named, in the modeller's spelling."""
        assert list(replay(model, outputs=["TOTAL", "people", "total"])) == ["total", "people"]

    @pytest.mark.parametrize(
        "options",
        [
            {"constants": {"rat": 1.0}},
            {"constants": {"rate": np.nan}},
            {"constants": {"rate": [1.0, 2.0]}},
            {"constants": {"income": [1.0, 2.0, 3.0]}},
            {"levers": {"rate": xr.DataArray([1.0], {"time": [2.0]})}},
            {"levers": {"rate": xr.DataArray([1.0, 2.0], {"time": [1.0, 0.0]})}},
            {"levers": {"rate": pd.Series([np.inf], index=[0.0])}},
            {"levers": {"income": xr.DataArray([1.0], {"Region": ["north"]})}},
            {"outputs": ["nothing"]},
            {"outputs": ["effect"]},
            {"time": sd.TimeSpan(step=-1.0)},
        ],
        ids=str,
    )
    def test_what_does_not_fit(self, model: Path, options: dict[str, object]) -> None:
        """Unknown names, other shapes, paths that start late or turn back, NaN."""
        with pytest.raises(ModelError) as caught:
            replay(model, **options)  # type: ignore[arg-type]
        assert not isinstance(caught.value, UnreadableModel) or "TIME STEP" in str(caught.value)

    def test_nearest_name(self, model: Path) -> None:
        """A misspelt name gets the nearest."""
        with pytest.raises(InvalidRequest, match="Did you mean 'rate'"):
            replay(model, constants={"rat": 1.0})

    def test_data_files(self, folder: Path) -> None:
        """Series of data variables that the model only names come from the files given."""
        path = written(folder, "price :INTERPOLATE: ~~|\nx = 2 * price ~~|\n")
        series = folder / "series.csv"
        series.write_text("Time,price\n0,1\n4,5\n")
        assert replay(path, data=[series])["x"].values.tolist() == [2, 4, 6, 8, 10]
        series.write_text("Time,price\n0,3\n4,3\n")
        assert replay(path, data=[str(series)])["x"].values.tolist() == [6] * 5


class TestNotes:
    """What is not as it seems is said."""

    def test_runge_kutta(self, folder: Path) -> None:
        """PySD integrates with Euler's method whatever the file asks for."""
        settings = "\n\\\\\\---/// Sketch\n///---\\\\\\\n:L<%^E!@\n15:0,0,0,1,0,0\n"
        run = replay(written(folder, "x = INTEG(x, 1) ~~|\n", CONTROLS + settings))
        assert run["x"].values[1] == 1.5**2
        assert any("RK4" in note and "Euler" in note for note in run.attrs["notes"])

    def test_warnings_of_pysd(self, folder: Path, recwarn: pytest.WarningsRecorder) -> None:
        """They stand in the notes, each once, and nowhere else."""
        run = replay(written(folder, "t((0,1),(1,2)) ~~|\nx = t(Time) ~~|\n"))
        assert sum("extrapolating" in note for note in run.attrs["notes"]) == 1
        assert not recwarn.list

    def test_no_notes_without_reason(self, model: Path) -> None:
        """Given values are no reason."""
        assert replay(model, constants={"rate": 0.2}, levers={"deaths": 1.0}).attrs["notes"] == []

    def test_names_of_files(self, folder: Path) -> None:
        """Notes and errors name the files of the model, not our copies."""
        (folder / "gaps.csv").write_text("x,,3\n")
        path = written(folder, "x = GET DIRECT CONSTANTS('gaps.csv', ',', 'B1') ~~|\ny = 1 ~~|\n")
        told = " ".join(replay(path, outputs=["y"]).attrs["notes"])
        assert "gaps.csv" in told
        assert tempfile.gettempdir() not in told.replace(str(folder), "")

    def test_files_that_cannot_be_loaded(self, folder: Path) -> None:
        """Where our reader refuses a function, PySD runs the file, with its own names for dimensions."""
        run = replay(written(folder, "D: a, b ~~|\nx[D] = RANDOM UNIFORM(0, 1, 2) ~~|\n"))
        assert run["x"].dims == ("time", "D")
        assert any("cannot be loaded" in note for note in run.attrs["notes"])


class TestFaults:
    """Whatever PySD raises becomes an error of ours with the file's name."""

    @pytest.mark.parametrize(
        ("equations", "kind"),
        [
            ("x = (1 ~~|", UnreadableModel),
            ("x = y ~~|", ModelError),
            ("x = y ~~|\ny = x ~~|", ModelError),
            ("x = 1 / (Time - 2) ~~|\ny = INTEG(1/0, 0) ~~|", SimulationError),
            ("D: a, b ~~|\nx[D] = ALLOCATE AVAILABLE(x, x, x) ~~|", ModelError),
            ("x = GET TIME VALUE(1, 0, 0) ~~|", SimulationError),
            ("x = NO SUCH FUNCTION(1) ~~|", ModelError),
            ("x = 1, 2 ~~|", ModelError),
            ("", ModelError),
        ],
    )
    def test_faults(self, folder: Path, equations: str, kind: type[ModelError]) -> None:
        """Faults of reading, building and running."""
        with pytest.raises(kind, match=r"model\.mdl") as caught:
            replay(written(folder, equations + "\n", CONTROLS if equations else ""))
        assert "Traceback" not in str(caught.value)
        assert tempfile.gettempdir() not in str(caught.value)

    @pytest.mark.parametrize("name", ["missing.mdl", "missing", "", "model.txt"])
    def test_no_model(self, folder: Path, name: str) -> None:
        """Missing files and other kinds of files."""
        (folder / "model.txt").write_text("x = 1 ~~|")
        with pytest.raises(UnreadableModel):
            replay(folder / name)


class TestBounds:
    """What PySD would unfold without end is refused before it does."""

    UNFOLDING: ClassVar = {
        "ranges": "".join(f"D{i}: D{i + 1}, D{i + 1} ~~|\n" for i in range(60)) + "x[D0] = 1 ~~|",
        "circle of ranges": "D: E ~~|\nE: D ~~|\nx[D] = 1 ~~|",
        "macros": "".join(f":MACRO: m{i}(p)\nm{i} = m{i + 1}(p) + m{i + 1}(p) ~~|\n:END OF MACRO:\n" for i in range(60))
        + "x = m0(1) ~~|",
        "macro that calls itself": ":MACRO: m(p)\nm = m(p) ~~|\n:END OF MACRO:\nx = m(1) ~~|",
        "separator that is a pattern": "x = GET DIRECT CONSTANTS('slow.csv', '(a+)+$', 'A1') ~~|",
        "row": "D: GET DIRECT SUBSCRIPT('slow.csv', ',', 'A999999999999', 'B', '') ~~|\nx[D] = 1 ~~|",
        "name of a file that is no text": "x = GET DIRECT CONSTANTS(y, ',', 'A1') ~~|\ny = 1 ~~|",
        "cell that is no text": "x = GET DIRECT CONSTANTS('slow.csv', ',', y) ~~|\ny = 1 ~~|",
        "order of a delay": "x = DELAY N(Time, 5, 0, 1e9) ~~|",
        "order of a smooth": "x = SMOOTH N(Time, 5, 0, 1e9) ~~|",
        "length of a fixed delay": "x = DELAY FIXED(Time, 1e12, 0) ~~|",
        "dimensions": "".join(f"{d}: ({d}1-{d}200) ~~|\n" for d in "ABC") + "x[A,B,C] = 1 ~~|",
        "dimensions of an expression": (
            "".join(f"{d}: ({d}1-{d}1000) ~~|\ny{d}[{d}] = 1 ~~|\n" for d in "ABC")
            + "x = SUM(yA[A!]*yB[B!]*yC[C!]) ~~|"
        ),
    }

    @pytest.mark.parametrize("equations", UNFOLDING.values(), ids=UNFOLDING)
    def test_unfolding(self, folder: Path, tmp_path_factory: pytest.TempPathFactory, equations: str) -> None:
        """Few lines that stand for millions of elements, copies or stages."""
        (folder / "slow.csv").write_text("a" * 60 + "!\n")
        private = PrivateModel(written(folder, equations + "\n"), tmp_path_factory.mktemp("private"))
        with pytest.raises(UnreadableModel) as caught, private.telling(UnreadableModel, "read"):
            private.load((), {}).initialize()
        assert "PySD cannot" not in str(caught.value)
        assert {fault.file for fault in caught.value.faults} <= {"model.mdl", "slow.csv"}

    @pytest.mark.parametrize("part", ["eqn", "dt"])
    def test_xmile_expressions(self, folder: Path, tmp_path_factory: pytest.TempPathFactory, part: str) -> None:
        """Expressions in XMILE have the same limits."""
        parts = {"eqn": "1", "dt": "1", part: "(" * 1_000 + "1" + ")" * 1_000}
        path = folder / "model.xmile"
        path.write_text(
            '<xmile xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><sim_specs><start>0</start><stop>1</stop>'
            f"<dt>{parts['dt']}</dt></sim_specs><model><variables><aux name='x'><eqn>{parts['eqn']}</eqn></aux>"
            "</variables></model></xmile>"
        )
        with pytest.raises(UnsafeModel, match="brackets"):
            PrivateModel(path, tmp_path_factory.mktemp("private")).parsed()

    def test_characters(
        self, folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """PySD cannot read files as long as we can."""
        monkeypatch.setattr(pysd_model, "CHARACTERS", 100)
        with pytest.raises(UnsafeModel, match="characters"):
            PrivateModel(written(folder, MODEL), tmp_path_factory.mktemp("private")).parsed()

    def test_values_in_the_result(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """More numbers than fit are refused before the run."""
        monkeypatch.setattr(reference, "VALUES", 10)
        with pytest.raises(UnsafeModel, match="values in the result"):
            replay(written(folder, "x = Time ~~|\ny = Time ~~|\nz = Time ~~|\n"))


class TestTraces:
    """A replay leaves nothing behind."""

    @pytest.mark.parametrize("equations", [MODEL, "x = y ~~|\n", "x = (((1 ~~|\n"], ids=["run", "fault", "unreadable"])
    def test_disk_and_modules(
        self, folder: Path, equations: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No file, no folder, no module, no changed setting; whether it ends well or not."""
        scratch = tmp_path_factory.mktemp("scratch")
        monkeypatch.setattr(tempfile, "tempdir", str(scratch))
        path = written(folder, equations)
        before = sorted(folder.rglob("*"))
        settings = set(sys.modules), sys.getrecursionlimit(), list(sys.path), np.get_printoptions()
        with contextlib.suppress(ModelError):
            replay(path)
        assert sorted(folder.rglob("*")) == before
        assert not list(scratch.iterdir())
        modules = {name for name in set(sys.modules) - settings[0] if "model" in name and "pysd" not in name}
        assert not modules
        assert (sys.getrecursionlimit(), list(sys.path), np.get_printoptions()) == settings[1:]

    def test_changed_data_files_are_read_again(self, model: Path) -> None:
        """PySD alone keeps what it has read."""
        before = replay(model)["total"]
        (model.parent / "data.csv").write_text(DATA.replace("5,6", "50,60"))
        assert (replay(model)["total"] > before).all()

    def test_threads(self, model: Path, folder: Path) -> None:
        """Several at once do not disturb each other."""
        other = written(folder, "x = INTEG(1, 0) ~~|\n", name="other.mdl")
        expected = [replay(model), replay(other)]
        found: dict[int, xr.Dataset] = {}

        def run(number: int, path: Path) -> None:
            found[number] = replay(path)

        jobs: list[Callable[[], None]] = [lambda n=n: run(n, (model, other)[n % 2]) for n in range(6)]  # type: ignore[misc]
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, dataset in found.items():
            xr.testing.assert_identical(dataset, expected[number % 2])
        assert len(found) == 6


def test_arrays_of_other_elements_are_laid_over_each_other_as_xarray_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """PySD is first asked for arrays with the same elements, which is quicker."""
    asked: list[str] = []
    update = reference._Recorder.update

    def with_others(recorder: reference._Recorder, model: object) -> None:
        asked.append(str(xr.get_options()["arithmetic_join"]))  # type: ignore[no-untyped-call]
        _ = xr.DataArray([1.0, 2.0], {"x": ["a", "b"]}, ("x",)) + xr.DataArray([1.0], {"x": ["a"]}, ("x",))
        update(recorder, model)  # type: ignore[arg-type]

    def run() -> xr.Dataset:
        return replay("urbanization", time=sd.TimeSpan(stop=2010.5), outputs=["national urban share"])

    expected = run()
    monkeypatch.setattr(reference._Recorder, "update", with_others)
    xr.testing.assert_identical(run(), expected)
    assert list(dict.fromkeys(asked)) == ["exact", "inner"]
