"""A plan to start from loads, binds and can be solved as it is, whatever the model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from support import islands
from support.models import loaded

import optimize as opt
import sd_models as sd
from optimize.plans.draft import StartingPlan
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

MODELS = Path(__file__).parents[2] / "models"
WITHOUT_THEIR_DATA = ("data_bare.mdl", "data_beside.mdl")
FILES = sorted(
    path for path in MODELS.iterdir() if path.suffix in (".mdl", ".xmile") and path.name not in WITHOUT_THEIR_DATA
)
SOLVED = ("stocks.mdl", "delays.mdl", "reductions.mdl", "smooths.mdl", "three_dimensions.mdl", "tables.mdl")


def read(text: str) -> opt.Plan:
    """The plan of a TOML text."""
    return opt.read_plan(tomllib.loads(text))


def drafted(system: System) -> StartingPlan | str:
    """The plan, or what is said where there is none."""
    try:
        return opt.starting_plan(system)
    except InvalidRequest as error:
        return str(error)


def test_the_draft_names_each_other_time_once(tmp_path: Path) -> None:
    """That of its own budget is not offered again."""
    alike = "good: rice, steel ~~|\nspend[good] = 0 ~~|\nwelfare = INTEG(SUM(spend[good!]), 0) ~~|"
    for model in (alike, "spend = 0 ~~|\nwelfare = INTEG(spend, 0) ~~|"):
        text = opt.starting_plan(loaded(tmp_path, model)).text
        (line,) = (line for line in text.splitlines() if "{ each = 5 }" in line)
        assert all(line.count(f'"{when}"') == 1 for when in ("always", "total", "final"))


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


def test_headlines_come_first() -> None:
    """As objectives in the order of the table beside the model, whose word on what is better counts; also as limits."""
    system = sd.load("common_prosperity", regions="macro")
    plan = opt.starting_plan(system)
    assert plan.content["objective"]["maximize"] == "national prosperity index"
    assert "# Why this: it is a headline of the model, of which more is better." in plan.text
    others = plan.text.split("# What else the inputs move:")[1].split("[[lever]]")[0].splitlines()
    assert others[1:3] == [
        "#   national index without soft goods: Index without soft goods, points of 100 (here in Dmnl)",
        "#   national rural income: Rural income a head, thousand yuan a person and year",
    ]
    assert "#   national PM25: Fine particles (PM2.5), µg/m³" in plan.text.split("# What limits can hold besides:")[1]


def test_the_library_model_is_asked_what_it_is_for() -> None:
    """Its lever comes first, what else can be decided stands below with value, range and strength."""
    system = sd.load("urbanization")
    text = opt.starting_plan(system).text
    assert 'variable = "public investment in citizenization"' in text
    assert "[province], billion yuan a year" in text
    assert "# where = { province = " in text
    assert "Beijing, Tianjin, Hebei, Shanxi, ... (31)" in text
    assert "spreading speed, 1/Year" in text
    assert "(0.0729; 0.06 to 0.085;" in text
    assert 'maximize = "national urban share"' in text  # the first headline
    assert "lower = 0  # the model's own limit" in text
    assert "# The second half of the model's run" in text


def model(folder: Path, text: str, *, start: float = 0, end: float = 9, step: float = 1) -> System:
    """A model with these equations."""
    controls = f"INITIAL TIME = {start} ~ Year ~|\nFINAL TIME = {end} ~ Year ~|\nTIME STEP = {step} ~ Year ~|\n"
    return loaded(folder, f"{{UTF-8}}\n{text}", controls=controls)


def test_bounds_are_the_models_own_limits(islands_system: System) -> None:
    """As its units field publishes them."""
    (lever,) = opt.starting_plan(islands_system).content["lever"]
    assert (lever["lower"], lever["upper"]) in ((0.0, 9.0), (0.05, 0.5))


FIRM = """
help = 0 ~ euro/Year ~ Lever: what is paid. |
revenue = 4000 + help * 0.1 ~ euro/Year ~|
wages = 90000 ~ euro/Year ~|
profit = revenue - help ~ euro/Year ~|
"""


def test_an_input_that_is_zero_goes_as_far_as_what_the_model_holds(tmp_path: Path) -> None:
    """A tenth of a flow with its unit, what is earned before all others; never a number that nobody has given."""
    found = opt.starting_plan(model(tmp_path, FIRM))
    (lever,) = found.content["lever"]
    assert (lever["variable"], lever["lower"], lever["upper"]) == ("help", 0.0, 400.0)
    assert "upper = 400  # a tenth of 'revenue', which has its unit" in found.text


def test_without_any_size_the_range_is_one_and_says_so(tmp_path: Path) -> None:
    """Nothing else has its unit."""
    found = opt.starting_plan(
        model(tmp_path, "help = 0 ~ m ~ Lever. |\nleft = INTEG(0, SQRT(9 + help)) ~~|\nx = help ~~|")
    )
    assert found.content["lever"][0]["upper"] == 1.0
    assert "say how far it may go" in found.text


def test_an_end_at_which_the_model_does_not_run_comes_nearer(tmp_path: Path) -> None:
    """A time constant of zero divides by zero."""
    found = opt.starting_plan(model(tmp_path, "pace = 4 ~ Year ~ Lever. |\nx = INTEG(-x / pace, 8) ~~|\n"))
    (lever,) = found.content["lever"]
    assert (lever["lower"], lever["upper"]) == (2.0, 8.0)
    assert "lower = 2  # the model does not run at 0" in found.text


def test_an_input_that_moves_nothing_is_no_lever(tmp_path: Path) -> None:
    """Though the equations lead from it to the objective, and its name says lever: it stands apart in a comment."""
    text = "idle = 2 ~ m ~ Lever. |\nrate = 3 ~ m ~|\nwelfare = MIN(rate, 9) + 0 * idle + MAX(0, idle - 100) ~ m ~|"
    found = opt.starting_plan(model(tmp_path, text))
    assert found.content["lever"][0]["variable"] == "rate"
    assert "# What moves no outcome within the horizon:\n#   idle" in found.text


@pytest.mark.parametrize("name", ["initial houses", "growth switch"])
def test_what_nobody_decides_comes_last(tmp_path: Path, name: str) -> None:
    """However strongly an outcome responds to it."""
    found = opt.starting_plan(model(tmp_path, f"{name} = 1 ~~|\npace = 0.5 ~~|\nx = 9 * {name} + pace ~~|"))
    assert found.content["lever"][0]["variable"] == "pace"


@pytest.mark.parametrize(
    ("name", "way"), [("social welfare", "maximize"), ("total cost", "minimize"), ("carbon emissions", "minimize")]
)
def test_what_is_wanted_is_read_from_the_name(tmp_path: Path, name: str, way: str) -> None:
    """With the reason in a comment; a name that says nothing comes later."""
    system = model(tmp_path, f"u = 2 ~~ Lever. |\nabout = u * 2 ~~|\n{name} = u * 3 ~~|")
    found = opt.starting_plan(system)
    assert found.content["objective"][way] == name
    assert f"# Why this: by its name {'more' if way == 'maximize' else 'less'} of it is better." in found.text


def test_what_nobody_knows_is_said(tmp_path: Path) -> None:
    """A gap with two sides is neither wanted nor unwanted."""
    found = opt.starting_plan(model(tmp_path, "u = 2 ~~ Lever. |\ngap = u - 3 ~~|"))
    assert found.content["objective"]["maximize"] == "gap"
    assert "# Why this: the model does not say what is wanted" in found.text


def test_what_is_spent_has_the_models_own_budget(tmp_path: Path) -> None:
    """As much as the model spends, over the whole horizon or each period for all elements."""
    system = model(tmp_path, "investment = 3 ~ euro/Year ~|\nincome = INTEG(SQRT(investment), 1) ~ euro ~|")
    found = opt.starting_plan(system)
    (limit,) = found.content["limit"]
    assert limit == {"name": "budget", "sum": "investment", "at_most": 27.0, "when": "total"}
    assert "# As much as the model itself spends, over the whole horizon." in found.text


@pytest.mark.parametrize(
    ("start", "end", "step", "horizon", "every"),
    [
        (0, 9, 1, [0, 8], 1),
        (2010, 2050, 0.25, [2030, 2049], 1),
        (0, 100, 0.5, [0, 96], 4),
        (0, 10, 4, [0, 8], 4),
        (1, 2, 1, [1, 1], 1),
    ],
)
def test_the_horizon_is_whole_periods_within_the_run(
    tmp_path: Path, start: float, end: float, step: float, horizon: list[float], every: float
) -> None:
    """At most twenty-five; from the start on, or where times are years from halfway."""
    found = opt.starting_plan(
        model(tmp_path, "u = 2 ~~ Lever. |\nx = INTEG(u, 1) ~~|", start=start, end=end, step=step)
    )
    assert (found.content["horizon"], found.content["lever"][0]["every"]) == (horizon, every)
    assert horizon[1] + every <= max(end, start + -(-(end - start) // step) * step)


def test_a_lever_with_many_elements_has_fewer_periods(tmp_path: Path) -> None:
    """So that it is solved within seconds."""
    text = "r: (a1-a500) ~~|\nu[r] = 2 ~~ Lever. |\nx[r] = INTEG(u[r], 1) ~~|"
    found = opt.starting_plan(model(tmp_path, text, end=20))
    assert (found.content["horizon"], found.content["lever"][0]["every"]) == ([0, 15], 5)


@pytest.mark.parametrize("place", ["", "plans", "plans/deeper"])
def test_a_plan_that_is_written_is_solved_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The model is named as seen from the plan."""
    models, plans = tmp_path / "models", tmp_path / place
    models.mkdir()
    plans.mkdir(parents=True, exist_ok=True)
    (models / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    monkeypatch.chdir(models)
    (plans / "mine.toml").write_text(opt.starting_plan(sd.load("islands.mdl"), folder=plans).text, encoding="utf-8")
    assert str(tmp_path) not in (plans / "mine.toml").read_text(encoding="utf-8")
    monkeypatch.chdir("/")
    plan = opt.load_plan(plans / "mine.toml")
    opt.Problem(sd.load(plan.model), plan)


def test_a_plan_that_is_printed_names_the_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it will lie."""
    (tmp_path / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert opt.starting_plan(sd.load("islands.mdl")).content["model"] == str(tmp_path / "islands.mdl")


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
