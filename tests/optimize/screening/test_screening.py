"""Screening finds effects that are known by hand, repeats itself, and leaves out what is no number."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import optimize
import sd_models as sd
from optimize.command_line.commands import main
from optimize.screening.outcomes import wanted
from optimize.screening.screening import MOST_RUNS_AT_ONCE, Screening
from sd_models.errors import InvalidRequest, SimulationError

MODEL = """{UTF-8}
lake: north, south ~~|
water = INTEG(inflow - loss * water, first water) ~ m3 ~|
inflow = rain * area + spring ~ m3/Year ~|
rain = 2 ~ m/Year ~|
area = 3 ~ m2 ~|
spring = 1 ~ m3/Year ~|
loss = 0 ~ 1/Year ~|
first water = 10 ~ m3 ~|
idle = 5 ~ Dmnl ~|
depth[lake] = 1, 2 ~ m ~|
level[lake] = depth[lake] * spring ~ m4/Year ~|
root = SQRT(spring) ~ Dmnl ~|
fixed = 7 ~ Dmnl ~|
pump = 0 ~ m3/Year ~|
pumped = INTEG(pump * spring, 0) ~ Dmnl ~|
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 4 ~ Year ~ |
TIME STEP = 0.5 ~ Year ~ |
SAVEPER = 1 ~ Year ~ |
"""
RANGES = """name,low,high,kind
rain,1,3,literature
area,2,4,literature
spring,0,10,assumption
idle,0,1,assumption
first water,5,15,fitted
depth[south],1,3,assumption
loss,,,assumption
fixed,7,7,assumption
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the model and its ranges."""
    (tmp_path / "lake.mdl").write_text(MODEL, encoding="utf-8")
    (tmp_path / "ranges.csv").write_text(RANGES, encoding="utf-8")
    return tmp_path


def screened(folder: Path, *outcomes: str, **options: Any) -> Screening:
    """A screening of the model; the table is found beside it."""
    return optimize.screen(folder / "lake.mdl", "ranges.csv", outcomes, **options)


def effects(found: Screening, outcome: str, column: str) -> dict[str, float]:
    """A column of the answer by parameter."""
    values = found.effects[outcome][column].tolist()
    return dict(zip(found.ranges.labels, values, strict=True))


# --- what it finds ----------------------------------------------------------------------------------------------------


def test_morris_finds_effects_known_by_hand(folder: Path) -> None:
    """Over four years a spring of 0 to 10 brings 40, the first water 10; rain and area interact."""
    found = screened(folder, "water:final", "level[south]:2")
    effect = effects(found, "water:final", "effect")
    assert effect["spring"] == pytest.approx(40)
    assert effect["first water"] == pytest.approx(10)
    assert effect["idle"] == effect["depth[south]"] == 0
    spread = effects(found, "water:final", "spread")
    assert spread["spring"] == pytest.approx(0, abs=1e-9)
    assert spread["rain"] > 1
    assert 4 * 2 * 2 < effect["rain"] < 4 * 2 * 4
    assert found.ranges.labels[found.ranked("water:final")[0]] == "spring"
    assert not {"loss", "fixed"} & set(found.ranges.labels)
    assert any("fixed" in note and "loss" in note for note in found.notes)


def test_sobol_finds_shares_known_by_hand(folder: Path) -> None:
    """Of 40 x and 10 y the variances are as 16 to 1."""
    found = screened(folder, "water:final", method="sobol", chosen=["spring", "first water"])
    total = effects(found, "water:final", "total")
    assert total["spring"] == pytest.approx(16 / 17, abs=0.02)
    assert total["first water"] == pytest.approx(1 / 17, abs=0.02)
    assert sum(effects(found, "water:final", "alone").values()) == pytest.approx(1, abs=0.02)


def test_an_outcome_that_nothing_moves_has_no_effects(folder: Path) -> None:
    """By both methods."""
    for method in ("morris", "sobol"):
        found = screened(folder, "fixed", method=method, samples=8)
        assert not any(effects(found, "fixed", found.method.columns[0]).values())
        assert found.own[0] == 7


def test_every_run_is_that_of_the_model(folder: Path) -> None:
    """Whatever else is in its chunk; all measures by their definition."""
    outcomes = ("water:final", "water:integral", "water:mean", "water:1.5", "level[south]:final")
    found = screened(folder, *outcomes, samples=7, first=1.0)
    assert len(found.design) % MOST_RUNS_AT_ONCE != 0
    for run in (0, 31, 32, len(found.design) - 1):
        point = dict(zip(found.ranges.labels, found.ranges.scaled(found.design)[run].tolist(), strict=True))
        point["depth"] = [1.0, point.pop("depth[south]")]  # type: ignore[assignment]
        once = sd.simulate(found.system, constants=point, time=sd.TimeSpan(save_every=0.5))
        water = once["water"].to_numpy()
        late = water[2:-1]
        expected = [water[-1], late.sum() * 0.5, late.mean(), water[3], float(once["level"].sel(lake="south")[-1])]
        np.testing.assert_allclose(found.values[run], expected, rtol=1e-12)


def test_the_same_seed_gives_the_same_answer(folder: Path) -> None:
    """And another seed another one."""
    one, other, third = (screened(folder, "water", samples=5, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.values, other.values)
    assert effects(one, "water", "error") == effects(other, "water", "error")
    assert not np.array_equal(one.design, third.design)


def test_rows_may_be_chosen_and_left_out(folder: Path) -> None:
    """By name, and by the cells of a column."""
    assert screened(folder, "water", chosen=["Rain", "area"]).ranges.labels == ("rain", "area")
    labels = screened(folder, "water", without={"kind": ["fitted", "literature"]}).ranges.labels
    assert labels == ("spring", "idle", "depth[south]")


def test_a_policy_sets_levers(folder: Path) -> None:
    """Parameters that act with it only get an effect."""
    (folder / "policy.csv").write_text("time,pump\n0,3\n", encoding="utf-8")
    assert effects(screened(folder, "pumped"), "pumped", "effect")["spring"] == 0
    found = screened(folder, "pumped", policy=folder / "policy.csv")
    assert effects(found, "pumped", "effect")["spring"] == pytest.approx(3 * 10 * 4)
    (folder / "policy.csv").write_text("time,rain\n0,3\n", encoding="utf-8")
    with pytest.raises(InvalidRequest, match="the policy sets its path"):
        screened(folder, "water", policy=folder / "policy.csv")


def test_the_policy_of_a_result_comes_with_its_assumptions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a value and as its folder, which may hold a policy beyond the run's end; of another model it is refused."""
    content = {
        "model": str(folder / "lake.mdl"),
        "horizon": [0, 5],
        "objective": {"maximize": "pumped"},
        "lever": [{"variable": "pump", "upper": 3}],
        "constants": {"area": 6.0},
    }
    result = optimize.solve(optimize.Problem(sd.load(folder / "lake.mdl"), optimize.read_plan(content)))
    said = "Assumed otherwise than in the model: area 6 instead of 3 m2."
    table = folder / "rain.csv"
    table.write_text("name,low,high\nrain,1,3\nspring,0,10\n", encoding="utf-8")
    for policy in (result, optimize.save_result(result, folder / "run")):
        found = optimize.screen(folder / "lake.mdl", table, ["water", "pumped"], policy=policy)
        assert effects(found, "water", "effect")["rain"] == pytest.approx(2 * 6 * 4)
        assert effects(found, "pumped", "effect")["spring"] == pytest.approx(3 * 10 * 4)
        assert said in found.notes
    asked = ["screen", str(folder / "lake.mdl"), str(table), "--outcome", "water", "--policy", str(folder / "run")]
    assert main([*asked, "--json"]) == 0
    assert said in json.loads(capsys.readouterr().out)["notes"]
    with pytest.raises(InvalidRequest, match="its policy is for the model 'lake'"):
        optimize.screen("urbanization", table, ["national urban share"], policy=result)


def test_runs_that_are_no_numbers_are_left_out_with_their_group(folder: Path) -> None:
    """And counted; where they are nearly all, the first one is explained."""
    (folder / "ranges.csv").write_text("name,low,high\nspring,-1,2\nrain,1,3\n", encoding="utf-8")
    found = screened(folder, "root", samples=40)
    assert any("are no numbers" in note for note in found.notes)
    assert np.isnan(found.values).any()
    assert np.isfinite(effects(found, "root", "effect")["spring"])
    (folder / "ranges.csv").write_text("name,low,high\nspring,-3,-1\nrain,1,3\n", encoding="utf-8")
    with pytest.raises(SimulationError, match="root is not a number at time 0"):
        screened(folder, "root")


def test_an_interrupted_screening_keeps_complete_groups(folder: Path) -> None:
    """As many as were run."""

    def watch(done: int, runs: int) -> None:
        if done > 64:
            signal.raise_signal(signal.SIGINT)

    found = screened(folder, "water", samples=50, watch=watch)
    assert found.interrupted
    assert 64 < np.isfinite(found.values).sum() < len(found.design)
    assert effects(found, "water", "effect")["spring"] == pytest.approx(40)
    assert screened(folder, "water", samples=50, watch=lambda *_: signal.raise_signal(signal.SIGINT)).effects


# --- what is wrong ----------------------------------------------------------------------------------------------------

WRONG = {
    "misspelt": ("name,low,high\nrian,1,2\n", "Did you mean 'rain'"),
    "stock": ("name,low,high\nwater,1,2\n", "it is no constant of the model"),
    "many elements": ("name,low,high\ndepth,1,2\n", "Name one: depth[element]"),
    "order": ("name,low,high\nrain,2,1\n", 'ranges.csv:2, "rain": its low end 2 is not below its high end 1'),
    "no number": ("name,low,high\nrain,x,1\n", "'x' is not a number"),
    "twice": ("name,low,high\nrain,1,2\nRain,1,2\n", "two rows give its range"),
    "no column": ("name,lowest,high\nrain,1,2\n", "there is no column 'low'"),
    "empty": ("name,low,high\n", "holds no range"),
    "nothing at all": ("", "there is no column 'name'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_table_is_named(case: str, folder: Path) -> None:
    """With line and advice."""
    text, told = WRONG[case]
    (folder / "ranges.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest) as raised:
        screened(folder, "water")
    assert told in str(raised.value)


def test_all_wrong_rows_are_named_at_once(folder: Path) -> None:
    """Not one after the other."""
    (folder / "ranges.csv").write_text("name,low,high\nrian,1,2\nwater,1,2\nrain,2,1\n", encoding="utf-8")
    with pytest.raises(InvalidRequest) as raised:
        screened(folder, "water")
    assert len(raised.value.faults) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("watr:final", "Did you mean 'water'"),
        ("water:finl", "Did you mean 'final'"),
        ("level", "Name one, level[element]"),
        ("level[nroth]", "north"),
    ],
)
def test_what_is_wrong_with_an_outcome_is_named(text: str, told: str, folder: Path) -> None:
    """With the nearest name."""
    with pytest.raises(InvalidRequest) as raised:
        wanted(sd.load(folder / "lake.mdl"), text)
    assert told in str(raised.value)


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_answers_in_tables_json_and_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The largest effect first."""
    command = ["screen", str(folder / "lake.mdl"), "ranges.csv", "--outcome", "water:final", "--outcome", "water:2"]
    assert main([*command, "--without", "kind=fitted"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("lake: 5 parameters by 120 runs of morris")
    assert printed.index("spring") < printed.index("idle")
    assert main([*command, "--out", str(folder / "out"), "--json", "--method", "sobol", "--samples", "8"]) == 0
    document = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    assert (document["method"], document["runs"], document["failed"]) == ("sobol", 8 * 8, 0)
    assert document["effects"][0]["parameter"] == "spring"
    assert document["outcomes"][0]["now"] == pytest.approx(10 + 4 * 7)
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["effects.csv", "report.json", "screening.png"]
    with (folder / "out" / "effects.csv").open(encoding="utf-8") as file:
        assert [row["rank"] for row in csv.DictReader(file)] == [str(i) for _ in range(2) for i in range(1, 7)]


BAD = {
    "no outcome": ([], "--outcome"),
    "no table": (["--outcome", "water"], "no such file"),
    "no power of two": (["--outcome", "water", "--method", "sobol", "--samples", "9"], "Take 16."),
    "no such time": (["--outcome", "water:2050"], "time 2050 is not in the run, 0 to 4"),
    "nothing from then on": (["--outcome", "water:mean", "--from", "9"], "no time from 9 on"),
    "no cells": (["--outcome", "water", "--without", "fitted"], "Write COLUMN=CELL"),
    "no such column": (["--outcome", "water", "--without", "knd=fitted"], "Did you mean 'kind'"),
    "no such row": (["--outcome", "water", "--parameter", "rian"], "Did you mean 'rain'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_sentence_and_status_2(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error; standard output stays empty."""
    options, told = BAD[case]
    table = "none.csv" if case == "no table" else "ranges.csv"
    assert main(["screen", str(folder / "lake.mdl"), table, *options]) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert "Traceback" not in printed.err
    assert not printed.out


def test_without_salib_the_command_says_what_to_install(folder: Path) -> None:
    """It is an extra."""
    code = (
        "import sys; sys.modules['SALib'] = None; from optimize.command_line.commands import main; "
        f"sys.exit(main(['screen', {str(folder / 'lake.mdl')!r}, 'ranges.csv', '--outcome', 'water']))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "pip install 'common-prosperity[screening]'" in ended.stderr
