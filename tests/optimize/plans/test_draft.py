"""A plan to start from loads, binds and can be solved as it is, whatever the model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import optimize as opt
import sd_models as sd
from optimize.plans.draft import POWERS, StartingPlan
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

MODELS = Path(__file__).parents[2] / "models"
WITHOUT_THEIR_DATA = ("data_bare.mdl", "data_beside.mdl")
FILES = sorted(
    path for path in MODELS.iterdir() if path.suffix in (".mdl", ".xmile") and path.name not in WITHOUT_THEIR_DATA
)
SOLVED = ("stocks.mdl", "delays.mdl", "reductions.mdl", "smooths.mdl", "three_dimensions.mdl")


def read(text: str) -> opt.Plan:
    """The plan of a TOML text."""
    return opt.read_plan(tomllib.loads(text))


def drafted(system: System) -> StartingPlan | str:
    """The plan, or what is said where there is none."""
    try:
        return opt.starting_plan(system)
    except InvalidRequest as error:
        return str(error)


def test_many_of_the_feature_models_have_inputs() -> None:
    """Otherwise the test below would hold little."""
    assert sum(not isinstance(drafted(sd.load(path)), str) for path in FILES) > 35


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_text_is_a_plan_that_binds(path: Path) -> None:
    """For every feature model that has an input; the others say that they have none."""
    system = sd.load(path)
    found = drafted(system)
    if isinstance(found, str):
        assert "no input of the model moves anything" in found
        return
    assert tomllib.loads(found.text) == found.content
    problem = opt.Problem(system, read(found.text))
    assert (problem.lower <= problem.own + 1e-9).all()
    assert (problem.own <= problem.upper + 1e-9).all()


@pytest.mark.parametrize("name", SOLVED)
def test_it_can_be_solved_as_it_is(name: str) -> None:
    """And gains something, or finds that there is nothing to gain."""
    system = sd.load(MODELS / name)
    result = opt.solve(opt.Problem(system, read(opt.starting_plan(system).text)))
    assert result.findings.is_feasible
    assert result.kkt_residual <= 1e-6
    assert result.objective >= result.baseline_objective


def test_the_library_model_is_asked_what_it_is_for() -> None:
    """Its lever comes first, what else can be decided stands below with value, limits and strength."""
    system = sd.load("urbanization")
    text = opt.starting_plan(system).text
    assert 'variable = "public investment in citizenization"' in text
    assert "[province], Billion yuan/Year" in text
    assert "# where = { province = " in text
    assert "Beijing, Tianjin, Hebei, Shanxi, ... (31)" in text
    assert "spreading speed, 1/Year" in text
    assert "(0.0729; 0.06 to 0.085;" in text
    assert 'maximize = "national income' in text
    assert "lower = 0  # the model's own limit" in text


def test_bounds_are_the_models_limits_or_where_it_runs(islands_system: System, tmp_path: Path) -> None:
    """An input that is zero and has no limit goes as far as the model runs in every element, over ten."""
    (lever,) = opt.starting_plan(islands_system).content["lever"]
    assert (lever["variable"], lever["lower"], lever["upper"]) == ("spending", 0.0, 9.0) or lever["upper"] == 0.5
    path = tmp_path / "open.mdl"
    path.write_text(
        "{UTF-8}\nhelp = 0 ~ m ~ Lever. |\nleft = INTEG(0, SQRT(1000 - help)) ~~|\nused = SQRT(1000 - help) ~~|\n"
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 9 ~~|\nTIME STEP = 1 ~~|\n",
        encoding="utf-8",
    )
    (lever,) = opt.starting_plan(sd.load(path)).content["lever"]
    assert (lever["lower"], lever["upper"]) == (0.0, 100.0)
    assert 1000.0 in POWERS


def test_a_model_without_inputs_is_told(tmp_path: Path) -> None:
    """There is nothing to decide."""
    path = tmp_path / "closed.mdl"
    path.write_text(
        "{UTF-8}\nx = INTEG(-x, 1) ~~|\nINITIAL TIME = 0 ~~|\nFINAL TIME = 9 ~~|\nTIME STEP = 1 ~~|\n", encoding="utf-8"
    )
    with pytest.raises(InvalidRequest, match="no input of the model moves anything"):
        opt.starting_plan(sd.load(path))


def test_names_and_comments_cannot_break_the_text(tmp_path: Path) -> None:
    """Whatever letters a model file holds."""
    path = tmp_path / "odd.mdl"
    path.write_text(
        '{UTF-8}\n"a \\"quoted\\" #lever" = 2 ~ m # / "unit" ~ Lever: with "quotes"\tand # signs. |\n'
        'y = INTEG("a \\"quoted\\" #lever", 0) ~ m ~ [[lever]] |\n'
        "INITIAL TIME = 0 ~~|\nFINAL TIME = 9 ~~|\nTIME STEP = 1 ~~|\n",
        encoding="utf-8",
    )
    system = sd.load(path)
    found = opt.starting_plan(system)
    assert tomllib.loads(found.text) == found.content
    opt.Problem(system, read(found.text))
