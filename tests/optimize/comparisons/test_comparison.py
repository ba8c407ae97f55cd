"""Results and policies side by side: what is the same, what comes of each, who is worse off, where the money goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import islands

import optimize as opt
import sd_models as sd
from optimize.command_line import optimizing
from optimize.command_line.commands import main
from optimize.comparisons.candidate import GIVEN
from optimize.comparisons.differences import differences, plan_differences
from optimize.comparisons.document import document
from optimize.comparisons.robustness import robustness
from optimize.comparisons.tables import sentences, tables
from optimize.files.documents import toml_text
from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import System

Solved = Callable[..., opt.Result]
HEADLINES = """variable,unit,factor,en,zh,better,by
total income,money a year,1,Income of all,总收入,more,
income,money a year,1,Income,收入,more,island
welfare,points,1,Welfare,福利,more,
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    """The islands with a table of headlines beside them."""
    folder = tmp_path_factory.mktemp("islands")
    (folder / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    (folder / "headlines.csv").write_text(HEADLINES, encoding="utf-8")
    return sd.load(folder / "islands.mdl")


@pytest.fixture(scope="module")
def solved(system: System) -> Solved:
    """Solves the islands' plan with changes; the same changes give the same result."""
    known: dict[str, opt.Result] = {}

    def solve(**changes: Any) -> opt.Result:
        told = json.dumps(changes)
        if told not in known:
            plan = opt.read_plan({**islands.small_plan(**changes), "model": str(system.path)})
            known[told] = opt.solve(opt.Problem(system, plan))
        return known[told]

    return solve


LOWER = {"lever": [{"variable": "spending", "upper": 0.5}]}


@pytest.fixture(scope="module")
def found(solved: Solved) -> opt.Comparison:
    """Two results of which the second may spend less."""
    return opt.compare([solved(), solved(**LOWER)], ["free", "bound"])


def test_values_are_those_of_the_results(found: opt.Comparison, solved: Solved) -> None:
    """With each policy, without it, and what the periods' levers add up to."""
    income = next(one for one in found.outcomes if one.headline.variable == "total income")
    for label, result in (("free", solved()), ("bound", solved(**LOWER))):
        run = result.trajectories["total income"].sel(time=income.policy["time"])
        np.testing.assert_array_equal(income.policy.sel(run=label), run)
        np.testing.assert_array_equal(
            found.allocations["spending"].sel(run=label).sum("time"), result.total("spending")
        )
    assert found.has_one_baseline
    assert found.has_one_goal


def test_who_is_worse_off(found: opt.Comparison) -> None:
    """From the first to the other: who may spend less has less."""
    income = next(side for side in found.sides("bound") if side.outcome.headline.variable == "income")
    change = found.outcomes[[one.headline.variable for one in found.outcomes].index("income")].between("free", "bound")
    assert income.losing == int((change.change < 0).any("time").sum())
    assert income.losing > 0


def test_what_was_asked_otherwise_is_told(found: opt.Comparison) -> None:
    """Key by key, and only what differs."""
    assert found.assumed == {"bound": ("lever spending: upper bound 0.5 instead of 2",)}
    said = "\n".join(sentences(found))
    assert "lever spending: upper bound 0.5 instead of 2" in said
    assert "the same run without a policy" in said


def test_other_files_are_told_by_name(solved: Solved) -> None:
    """One text for each of the two, which has no end that waits for the other."""
    one = solved()
    files = {"gone.mdl": "0", **one.provenance["files"]}
    other = replace(one, provenance={**one.provenance, "files": {"new.csv": "1", **one.provenance["files"]}})
    told = list(differences(replace(one, provenance={**one.provenance, "files": files}), other))
    assert told == ["gone.mdl: in the first alone", "new.csv: in the other alone"]


def test_another_baseline_is_told(solved: Solved, tmp_path: Path) -> None:
    """Gains from different starts are not what can be compared, and the sentence says where they differ."""
    richer = islands.MODEL.replace("returns[good] = 0.1, 0.2, 0.3", "returns[good] = 0.2, 0.2, 0.3")
    (tmp_path / "islands.mdl").write_text(richer, encoding="utf-8")
    (tmp_path / "headlines.csv").write_text(HEADLINES, encoding="utf-8")
    other = sd.load(tmp_path / "islands.mdl")
    plan = opt.read_plan({**islands.small_plan(), "model": str(other.path)})
    found = opt.compare([solved(), opt.solve(opt.Problem(other, plan))])
    assert not found.has_one_baseline
    assert any("islands.mdl: not the same" in text for text in found.assumed["result 2"])
    assert any("They do not start from the same run" in text for text in sentences(found))
    assert "no policy" not in tables(found)[1].headers


def test_other_horizons_are_compared_where_they_meet(solved: Solved) -> None:
    """At the times that both have, and a note says so; levers with other periods are left out by name."""
    found = opt.compare([solved(), solved(horizon=[3, 6])])
    assert found.outcomes[0].policy["time"].to_numpy().tolist() == [3.0, 4.0, 5.0, 6.0]
    assert any("Horizons differ" in note for note in found.notes)
    assert any(note.startswith("spending is not compared") for note in found.notes)
    assert not found.has_one_goal


def test_other_models_have_nothing_in_common(solved: Solved, urbanization_result: opt.Result) -> None:
    """They are refused by name."""
    with pytest.raises(InvalidRequest, match="have no headline outcome in common"):
        opt.compare([solved(), urbanization_result], ["islands", "towns"])


def test_without_a_policy_there_is_nothing_to_compare(solved: Solved) -> None:
    """Limits that contradict each other give none."""
    limit = {"name": "much", "sum": "spending", "over": ["island", "good"], "at_least": 1000.0}
    with pytest.raises(InvalidRequest, match="has no policy"):
        opt.compare([solved(), solved(limit=[limit])], ["good", "impossible"])


def test_money_moved_elsewhere(found: opt.Comparison, solved: Solved) -> None:
    """Nothing between a result and itself; all where nothing overlaps."""
    same = opt.compare([solved(), solved()])
    assert same.moved("spending", "result 2") == 0
    assert 0 < found.moved("spending", "bound") <= 1
    assert all(not side.losing and side.gain_at_end is None for side in same.sides("result 2"))


def test_money_without_a_unit_is_told_without_one(found: opt.Comparison) -> None:
    """No comma waits for it."""
    plain = found.allocations.copy()
    plain["spending"] = plain["spending"].assign_attrs(units="")
    titles = [table.title for table in tables(replace(found, allocations=plain)) if table.title.startswith("spending")]
    assert titles[-1] == "spending by period"
    assert titles[0].startswith("spending by good: ")


def test_limits_and_prices(found: opt.Comparison, solved: Solved) -> None:
    """A limit stands once, with what each holds of it; one that is not in a plan says so."""
    budget = next(limit for limit in found.limits if limit.name == islands.BUDGET["name"])
    assert set(budget.held) == {"free", "bound"}
    only = opt.compare([solved(), solved(limit=[islands.BUDGET])])
    missing = next(table for table in tables(only) if table.title.startswith("Limits"))
    assert any("not in its plan" in row for row in missing.rows)


def test_the_document_is_json(found: opt.Comparison) -> None:
    """And its sums are those of the levers."""
    told = json.loads(json.dumps(document(found), allow_nan=False))
    lever = told["levers"]["spending"]
    np.testing.assert_allclose(np.sum(lever["by"]["good"]["amounts"], axis=1), lever["total"])
    assert [run["label"] for run in told["runs"]] == ["free", "bound"]


def test_plans_that_are_equal_do_not_differ() -> None:
    """Whatever was left to its default."""
    plan = opt.load_plan("urbanization")
    assert list(plan_differences(plan, plan.model_copy(deep=True))) == []


# --- robustness -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ranges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ranges of what the islands' capital yields."""
    path = tmp_path_factory.mktemp("ranges") / "ranges.csv"
    path.write_text("name,low,high\nreturns[rice],0.05,0.2\nreturns[books],0.1,0.4\n", encoding="utf-8")
    return path


def test_all_policies_stand_the_same_draws(found: opt.Comparison, ranges: Path, system: System) -> None:
    """Each value is that of a run with the draw's constants and the policy, to the end of the plan."""
    robust = robustness(found, ranges, samples=4)
    income = next(draws for draws in robust.outcomes if draws.headline.variable == "total income")
    design = opt.screen(system, ranges, ["total income:final"], samples=4)
    points = design.ranges.scaled(design.design)
    for label, result in zip(found.labels, (one.result for one in found.candidates), strict=True):
        constants = {"returns": [points[3][0], 0.2, points[3][1]]}
        levers = {str(name): path for name, path in result.policy.data_vars.items()}
        run = sd.simulate(system, levers=levers, constants=constants, time=sd.TimeSpan(stop=6.0))
        assert float(income.values.sel(run=label)[3]) == pytest.approx(float(run["total income"][-1]), rel=1e-12)
    better, worse, of = income.better("bound")
    assert (better, worse, of) == (0, robust.draws, robust.draws)
    lowest, median, highest = income.span("free")
    assert lowest < median < highest


def test_a_policy_is_neither_better_nor_worse_than_itself(solved: Solved, ranges: Path) -> None:
    """In no draw."""
    robust = robustness(opt.compare([solved(), solved()]), ranges, samples=2)
    assert all(draws.better("result 2")[:2] == (0, 0) for draws in robust.outcomes)


def test_draws_need_one_model_and_one_horizon(solved: Solved, ranges: Path) -> None:
    """Else they would not be the same."""
    with pytest.raises(InvalidRequest, match="no draws that all share"):
        robustness(opt.compare([solved(), solved(horizon=[3, 6])]), ranges)


# --- folders and files ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folders(solved: Solved, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two results in folders, and the policy of the first as somebody's own file."""
    home = tmp_path_factory.mktemp("runs")
    first = opt.save_result(solved(), home / "first")
    opt.save_result(solved(**LOWER), home / "second")
    (home / "mine.csv").write_bytes((first / "policy.csv").read_bytes())
    return home


def test_a_policy_file_is_run_in_the_model(folders: Path, solved: Solved) -> None:
    """The first result's own policy, from its file, brings what the result says."""
    found = opt.compare([folders / "first", folders / "mine.csv"])
    given = found.candidates[1]
    assert given.standing == GIVEN
    assert given.result.objective == pytest.approx(solved().objective, rel=1e-9)
    assert given.result.baseline_objective == pytest.approx(solved().baseline_objective, rel=1e-9)
    assert found.moved("spending", "mine") < 1e-9
    for compared in found.outcomes:
        np.testing.assert_allclose(compared.policy[1], compared.policy[0], rtol=1e-9)


def test_a_policy_file_that_breaks_limits_says_so(folders: Path) -> None:
    """It is compared all the same."""
    names = ",".join(f'"spending[{island}, {good}]"' for island in islands.ISLANDS for good in islands.GOODS)
    (folders / "greedy.csv").write_text(f"time,{names}\n2,{','.join('9' * 9)}\n", encoding="utf-8")
    found = opt.compare([folders / "first", folders / "greedy.csv"])
    assert "misses limits" in found.candidates[1].standing
    assert any("greedy.csv misses limits of the plan: " in note for note in found.notes)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["first"], "Name two or more"),
        (["mine.csv", "mine.csv"], "none of these is the folder of a result"),
        (["first", "nothing"], "is not there"),
        (["first", "nothing.csv"], "nothing.csv"),
    ],
)
def test_what_cannot_be_compared_says_why(
    folders: Path, names: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a sentence, with status 2."""
    assert main(["compare", *(str(folders / name) for name in names)]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert not printed.out


def test_the_command_prints_tables(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was asked otherwise first, then outcomes, who is worse off, money and limits."""
    assert (
        main(["compare", str(folders / "first"), str(folders / "second"), "--label", "free", "--label", "x\x1b[2J"])
        == 0
    )
    printed = capsys.readouterr().out
    order = ["other things were asked", "What comes of it", "Who is worse off", "spending by good", "Limits"]
    places = [printed.index(words) for words in order]
    assert places == sorted(places)
    assert "\x1b" not in printed


def test_the_command_as_json(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object; the same result twice has two labels."""
    first = str(folders / "first")
    assert main(["compare", first, first, "--json"]) == 0
    assert [run["label"] for run in json.loads(capsys.readouterr().out)["runs"]] == ["first", "first (2)"]


def test_the_command_draws_from_ranges(folders: Path, ranges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a table, and as JSON."""
    command = ["compare", str(folders / "first"), str(folders / "second"), "--ranges", str(ranges), "--samples", "2"]
    assert main(command) == 0
    assert "draws of the ranges in ranges.csv, the same for all" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["robustness"]
    assert {count["of"] for count in (one["against_the_first"]["second"] for one in told["outcomes"])} == {6}


def test_a_policy_file_is_run_under_the_assumptions_of_the_plan(solved: Solved, tmp_path: Path) -> None:
    """Not under the model's own."""
    assumed = solved(constants={"returns[rice]": 0.3})
    folder = opt.save_result(assumed, tmp_path / "assumed")
    (tmp_path / "mine.csv").write_bytes((folder / "policy.csv").read_bytes())
    found = opt.compare([folder, tmp_path / "mine.csv"])
    assert found.candidates[1].result.objective == pytest.approx(assumed.objective, rel=1e-9)
    assert found.has_one_baseline


def test_a_changed_folder_says_so(folders: Path, solved: Solved) -> None:
    """Its numbers are not those that were saved."""
    changed = opt.save_result(solved(), folders / "changed")
    (changed / "policy.csv").write_text("time\n", encoding="utf-8")
    found = opt.compare([folders / "first", changed])
    assert any("not what was saved" in note for note in found.notes)


def test_results_of_a_version_without_headlines(solved: Solved) -> None:
    """Nothing is made up for them."""
    with pytest.raises(InvalidRequest, match="no headline outcome in common"):
        opt.compare([solved(), replace(solved(), headlines=())])


# --- plans ------------------------------------------------------------------------------------------------------------

IMPOSSIBLE = {"name": "impossible", "variable": "spending", "at_least": 3.0}


@pytest.fixture
def plans(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three plans, one of which comes to no policy, in which the command is called."""
    monkeypatch.chdir(tmp_path)
    contents = {"free": {}, "bound": LOWER, "never": {"limit": [islands.BUDGET, IMPOSSIBLE]}}
    for name, changes in contents.items():
        content = {**islands.small_plan(**changes), "model": str(system.path)}
        (tmp_path / f"{name}.toml").write_text(toml_text(content), encoding="utf-8")
    return tmp_path


def labels(printed: str) -> list[str]:
    """What is compared, as JSON tells it."""
    return [run["label"] for run in json.loads(printed)["runs"]]


def test_plans_are_solved_and_compared(plans: Path, solved: Solved, capsys: pytest.CaptureFixture[str]) -> None:
    """Each into a folder by its name; a second time nothing is solved."""
    command = ["compare", "free.toml", "bound.toml", "--no-verify", "--out", "found", "--json"]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert labels(printed.out) == ["free", "bound"]
    assert "Plan 2 of 2: bound" in printed.err
    result = opt.load_result(plans / "found" / "bound")
    assert result.objective == pytest.approx(solved(**LOWER).objective, rel=1e-9)
    assert result.verification is None
    assert main(command) == 0
    printed = capsys.readouterr()
    assert labels(printed.out) == ["free", "bound"]
    assert printed.err.count("is not solved again") == 2
    assert "Solving" not in printed.err


def test_a_plan_without_a_policy_costs_the_others_nothing(plans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is left out with its label, and the exit status says so; a plan, a result and a file go together."""
    names = ["--label", "one", "--label", "two", "--label", "three"]
    command = ["compare", "never.toml", "free.toml", "bound.toml", "--no-verify", "--json"]
    assert main([*command, *names]) == 1
    printed = capsys.readouterr()
    assert labels(printed.out) == ["two", "three"]
    assert "never.toml is left out: " in printed.err
    assert (plans / "runs" / "free" / "policy.csv").is_file()
    assert main(["compare", "runs/free", "runs/free/policy.csv", "bound.toml", "--json"]) == 0
    assert labels(capsys.readouterr().out) == ["free", "policy", "bound"]
    assert main(["compare", "never.toml", "free.toml"]) == 1
    printed = capsys.readouterr()
    assert "Nothing is compared: 1 of 2 can be." in printed.err
    assert "Delete runs" in printed.err
    assert not printed.out


@pytest.mark.parametrize("failing", ["save_result", "solve"])
def test_what_fails_in_one_plan_is_told(
    plans: Path, failing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others go on."""
    real = getattr(optimizing, failing)
    calls: list[object] = []

    def once(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            raise InvalidRequest(Fault("no room on the disk."))
        return real(*arguments, **options)

    monkeypatch.setattr(optimizing, failing, once)
    command = ["compare", "free.toml", "bound.toml", str(plans / "bound.toml"), "--no-verify", "--json"]
    status = main(command)
    printed = capsys.readouterr()
    assert "no room on the disk" in printed.err
    assert (status, labels(printed.out)[-2:]) == (int(failing == "solve"), ["bound", "bound-2"])


def test_faults_of_all_plans_are_told_before_one_is_solved(plans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the file of each."""
    text = (plans / "free.toml").read_text(encoding="utf-8")
    (plans / "one.toml").write_text(text.replace("welfare", "welfar"), encoding="utf-8")
    (plans / "two.toml").write_text(text.replace("upper", "uper"), encoding="utf-8")
    assert main(["compare", "free.toml", "one.toml", "two.toml"]) == 2
    printed = capsys.readouterr()
    assert all(words in printed.err for words in ("one.toml", "'welfar'", "two.toml", "'uper'"))
    assert "Solving" not in printed.err
    assert not (plans / "runs").exists()


def test_a_folder_of_another_plan_is_kept(plans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody knows whether it is still wanted."""
    assert main(["compare", "free.toml", "bound.toml", "--no-verify"]) == 0
    text = (plans / "bound.toml").read_text(encoding="utf-8")
    (plans / "bound.toml").write_text(text.replace("0.5", "0.6"), encoding="utf-8")
    capsys.readouterr()
    assert main(["compare", "free.toml", "bound.toml", "--no-verify"]) == 2
    assert "holds the result of another plan or model. Name another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "b", "--out", "c"], "--out and --regions belong to plans"),
        (["free.toml"], "1 plan to compare"),
        (["free.toml", "bound.toml", "--label", "x"], "1 labels for 2 results"),
    ],
)
def test_what_does_not_fit_is_told_before_a_plan_is_solved(
    plans: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a sentence, with status 2."""
    assert main(["compare", *words]) == 2
    assert message in capsys.readouterr().err
    assert not (plans / "runs").exists()


def test_plans_differ_in_the_words_of_plans() -> None:
    """What is empty in one and absent in the other is the same; what one has alone is told by its name."""
    plan = opt.load_plan("common_prosperity")
    even = opt.load_plan(str(Path(sd.__file__).parent / "common_prosperity/plans/even_split.toml"))
    lever, limits = plan_differences(plan, even)
    assert lever == (
        "lever public investment: no lower bound instead of 0, no ramp instead of relative 0.25, absolute first ramp, "
        "from start, fixed values even split without the policy instead of none"
    )
    assert limits == f"without the limits annual budget, absorption, carbon path and {len(plan.limits) - 3} more"
    assert [told for told in plan_differences(even, plan) if "limit" in told] == [limits.replace("without", "besides,")]
    assert not any(mark in told for told in (lever, limits) for mark in ("{}", "[]", "nothing", "  ", "_"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"constants": {"mobility": 0.03}}, "constant mobility 0.03 instead of the model's own"),
        (
            {"objective": {"minimize": "welfare", "measure": "integral"}},
            "objective: minimize welfare instead of maximize",
        ),
        ({"lever": [{"variable": "spending", "upper": [[0, 1], [3, 2]]}]}, "upper bound 0, 1; 3, 2 instead of 2"),
    ],
)
def test_each_part_of_a_plan_is_told(change: dict[str, Any], told: str) -> None:
    """With what it was before."""
    plans = [opt.read_plan({**islands.small_plan(**changes)}) for changes in ({}, change)]
    (only,) = plan_differences(*plans)
    assert told in only


def test_of_many_plans_few_differences_are_told(solved: Solved) -> None:
    """The first of them, and how many more there are; programs read all."""
    limits = [{"name": f"limit {n}", "sum": "spending", "over": ["island", "good"], "at_most": 90.0} for n in range(3)]
    other = solved(limit=limits, horizon=[1, 3], lever=[{"variable": "spending", "upper": 0.5}], solver={"seed": 3})
    found = opt.compare([solved(), other, other])
    said = next(text for text in sentences(found) if text.startswith("Of result 3"))
    every = list(found.assumed["result 3"])
    assert said.endswith(f"{'; '.join(every[:3])} and {len(every) - 3} more.")
    assert document(found)["differences"]["result 3"] == every
