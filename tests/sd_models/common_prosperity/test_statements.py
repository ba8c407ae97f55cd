"""What is said of the default plan's policy under other assumptions."""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.flagship import system

import sd_models as sd
from optimize.results.verdict import NO_POLICY, Standing
from sd_models.common_prosperity import statements
from sd_models.common_prosperity.folder import HERE
from sd_models.common_prosperity.tables import LEVER
from sd_models.errors import InvalidRequest

RANGES = pd.read_csv(HERE / "macro" / "parameters.csv").set_index("parameter")


PLAN = tomllib.loads((HERE / "plan.toml").read_text(encoding="utf-8"))
PROMISED = statements.promises(PLAN)


RUN = {"summary": {"status": "local optimum", "largest_limit_violation": 0.0}, "plan": PLAN}


@cache
def compiled() -> sd.Simulator:
    """Four regions, to the end of the default plan."""
    return statements.compiled(PROMISED, HERE / "macro")


def money(share: float) -> xr.DataArray:
    """A part of the even split, for four regions."""
    return share * compiled().run()["even split"]


def judged(share: float) -> list[tuple[str, ...]]:
    """The table of statements of a part of the even split."""
    return list(statements.statements(compiled(), PROMISED, money(share), HERE / "macro"))


def test_the_first_run_has_the_default_assumptions_and_draws_keep_to_their_ranges() -> None:
    cases, values = statements.assumptions(HERE / "macro")
    assert cases[0] == "default"
    assert len(cases) == len(set(cases)) == 1 + 3 * 2
    for name, found in values.items():
        assert len(found) == len(cases) + statements.DRAWS
        assert found[0] == RANGES.loc[name, "value"]
        assert RANGES.loc[name, "low"] <= found.min() <= found.max() <= RANGES.loc[name, "high"]
    moved = [name for name, found in values.items() if len(np.unique(found)) > 1]
    assert moved == list(values)


def test_one_closure_moves_at_a_time() -> None:
    cases, values = statements.assumptions(HERE / "macro")
    firsts = pd.DataFrame({name: found[: len(cases)] for name, found in values.items()}, index=cases)
    moved = firsts != firsts.loc["default"]
    assert moved.drop("default").sum(axis=1).eq(1).all()
    assert all(name.startswith(case.split()[0]) for case in cases[1:] for name in moved.columns[moved.loc[case]])


def test_no_money_brings_nothing_and_breaks_no_promise() -> None:
    """What is to be more is not, and what is to be kept is, but for the pledge, which needs money."""
    head, *rows = judged(0.0)
    found = {row[0]: row[1:] for row in rows}
    assert len(head) == 1 + 7 + 1
    assert all(len(row) == len(head) for row in rows)
    for statement, (*cases, draws) in found.items():
        if statement.startswith("No province"):
            assert (set(cases), draws) == ({"yes"}, str(statements.DRAWS))
        elif not statement.startswith("Emissions keep"):
            assert set(cases) == {"**no**"}


def test_an_even_split_is_no_better_than_itself() -> None:
    """And better than nothing under every assumption."""
    _, *rows = judged(1.0)
    found = {row[0]: row[1:] for row in rows}
    assert set(found["The index is higher than with the even split"]) == {"**no**", "0"}
    assert found["The index is higher than without the policy"][-1] == str(statements.DRAWS)


def test_the_nation_and_those_behind_are_told() -> None:
    tables = {name: list(rows) for name, rows in statements.outcomes(compiled(), money(1.0)).items()}
    head, *rows = tables["policy"]
    assert head[1:] == ("2030", "2035", "2040", "end of 2050")
    assert [row[0] for row in rows] == [shown for shown, *_ in statements.NATION.values()]
    for row in rows:
        for cell in row[1:]:
            _, even, policy = cell.split(", ") if cell.count(", ") == 2 else ("", "", "")
            assert policy == f"**{even}**"
    _, *behind = tables["behind"]
    gains = [float(row[1]) for row in behind]
    assert gains == sorted(gains)
    assert len(behind) == 4  # of four regions there are no five


def test_the_lever_is_that_of_the_plan() -> None:
    assert LEVER in system("macro").variables


def test_what_is_no_result_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before a page is touched."""
    with pytest.raises(SystemExit):
        statements.main([str(tmp_path)])
    assert "no result of the flagship's plan" in capsys.readouterr().err


def test_what_is_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which tables, of which pages."""
    target = tmp_path / "page.md"
    target.write_text("<!-- table statements -->\n<!-- end -->\n", encoding="utf-8")
    monkeypatch.setattr(statements, "PAGES", (target,))
    monkeypatch.setattr(statements, "compiled", lambda *_: None)
    monkeypatch.setattr(statements, "outcomes", lambda *_: {})
    monkeypatch.setattr(statements, "statements", lambda *_: [("statement", "true"), ("it rains", "no")])
    provinces = pd.read_csv(HERE / "provinces" / "initial.csv")["province"].to_numpy()
    policy = xr.Dataset({LEVER: ("province", np.zeros(len(provinces)))}, coords={"province": provinces})
    policy.to_netcdf(tmp_path / "policy.nc")
    (tmp_path / "result.json").write_text(json.dumps(RUN), encoding="utf-8")
    statements.main([str(tmp_path)])
    assert "it rains" in target.read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"Written: the tables statements of {target}\n"


def changed(name: str, **changes: Any) -> dict[str, Any]:
    """The default plan with another limit of this name."""
    plan = deepcopy(PLAN)
    for limit in plan["limit"]:
        if limit["name"] == name:
            limit.update(changes)
    return plan


def test_sentences_say_what_the_plan_asks_for() -> None:
    """Which part, from which year on, to which year; the default plan's are in the pages."""
    page = (HERE / "README.md").read_text(encoding="utf-8")
    assert all(f"| {row[0]} |" in page for row in judged(1.0))
    plan = changed("rural incomes", at_least={"variable": "rural income", "baseline": True, "factor": 0.975})
    for name, changes in {
        "urban incomes": {"at_least": {"variable": "urban income", "baseline": True}, "when": {"from": 2035}},
        "carbon path": {"when": {"from": 2040}},
        "debt at the end": {"at_most": {"variable": "public debt", "baseline": True, "factor": 1.5}},
    }.items():
        next(limit for limit in plan["limit"] if limit["name"] == name).update(changes)
    promised = statements.promises({**plan, "horizon": [2026.0, 2048.0]})
    told = [row[0] for row in statements.statements(compiled(), promised, money(1.0), HERE / "macro")]
    assert told[0] == "statement, at the end of 2048"
    assert set(told) >= {
        "No province's rural income falls by more than 2.5% in 2030-2048",
        "No province's urban income falls in 2035-2048",
        "No province's output falls in 2030-2048",
        "No province owes more than 1.5 times as much",
        "Emissions keep to the pledged path from 2040 on",
    }
    assert promised.span.stop == 2049


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({**PLAN, "limit": []}, "no limits hold 'rural income' everywhere at least a part of it without the policy"),
        ({**PLAN, "limit": PLAN["limit"] * 2}, "2 limits hold 'rural income'"),
        (
            changed("carbon path", at_most=9000.0),
            "no limits hold 'national CO2' everywhere at most 'emissions pledged'",
        ),
        (changed("carbon path", when={"from": 2030, "to": 2040}), "no limits hold 'national CO2'"),
        (changed("debt at the end", when="always"), "no limits hold 'public debt' everywhere at the end at most"),
        (changed("output", at_least={"variable": "GDP", "at": 2026}), "no limits hold 'GDP'"),
        (changed("output", where={"province": ["Henan"]}), "no limits hold 'GDP'"),
        (
            changed("rural incomes", at_least={"variable": "rural income", "baseline": True, "factor": 1.02}),
            "'rural incomes' has the factor 1.02; expected one above 0 and at most 1",
        ),
        (
            changed("urban incomes", at_least={"variable": "urban income", "baseline": True, "factor": 0}),
            "has the factor 0; expected one above 0",
        ),
        (
            changed("debt at the end", at_most={"variable": "public debt", "baseline": True, "factor": 0.9}),
            "has the factor 0.9; expected one 1 or more",
        ),
        (
            changed("debt at the end", at_most={"variable": "public debt", "baseline": True, "factor": None}),
            "has the factor None",
        ),
        (changed("rural incomes", when={"from": 2060}), "a limit holds from 2060 on, and the horizon ends in 2050"),
        ({**PLAN, "horizon": [2026, 2035]}, "its horizon ends in 2035; the tables show 2030, 2035, 2040 and the end"),
        ({**PLAN, "horizon": "long"}, "its horizon is 'long'; expected two whole years"),
        ({**PLAN, "horizon": [2026, 2050.5]}, "expected two whole years"),
        ({**PLAN, "model": "other.mdl"}, "its `model` is 'other.mdl'; expected 'common_prosperity'"),
        ({**PLAN, "regions": "macro"}, "its `regions` is 'macro'; expected 'provinces'"),
        ({**PLAN, "data": ["people.csv"]}, "assumes otherwise than the model: people.csv"),
        ({**PLAN, "limit": None}, "no limits hold 'rural income'"),
        ({**PLAN, "limit": 3}, "its limits are 3; expected a list of tables"),
        ({**PLAN, "constants": {"income closure": 1}}, "assumes otherwise than the model: income closure"),
    ],
)
def test_a_plan_without_the_limits_behind_sentences_is_refused(plan: dict[str, Any], told: str) -> None:
    """Nothing is said of a promise that nobody made, or not in all places and years."""
    with pytest.raises(InvalidRequest, match=told):
        statements.promises(plan)


def test_a_limit_that_holds_always_holds_from_the_first_year_on() -> None:
    """And one whose amount is written as a value holds like one that is a name."""
    plan = changed("carbon path", at_most={"variable": "emissions pledged"}, when="always")
    assert statements.promises(plan).pledged == 2026


def test_runs_of_which_gains_may_be_told() -> None:
    """Those with a policy whose search was not stopped on its way."""
    told = {str(one) for one in Standing if one not in (*NO_POLICY, Standing.INTERRUPTED)}
    assert set(statements.POLICIES) == told
    statements.check_policy(RUN)


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ({"plan": PLAN}, "it is None; expected one of proved optimum"),
        ({"summary": None, "plan": PLAN}, "it is None"),
        ({"summary": {"status": "infeasible"}, "plan": PLAN}, "it is 'infeasible'"),
        ({"summary": {"status": "best found, interrupted"}, "plan": PLAN}, "it is 'best found, interrupted'"),
        (
            {"summary": {"status": "best found, stalled", "largest_limit_violation": 0.1}, "plan": PLAN},
            "its limits are missed by 0.1",
        ),
        ({**RUN, "provenance": {"regions_path": "/home/me/macro"}}, "it is of the data in /home/me/macro"),
        ([], "is no result of the flagship's plan"),
        ({**RUN, "plan": {**PLAN, "limit": None}}, "no limits hold"),
        ({**RUN, "plan": {**PLAN, "limit": [{"variable": "GDP", "when": {"from": "x"}}]}}, "no result of the"),
    ],
)
def test_a_run_without_a_policy_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run: object, told: str
) -> None:
    """In a sentence, before a page is touched."""
    xr.Dataset({LEVER: ("province", [0.0])}, coords={"province": ["Henan"]}).to_netcdf(tmp_path / "policy.nc")
    (tmp_path / "result.json").write_text(json.dumps(run), encoding="utf-8")
    with pytest.raises(SystemExit):
        statements.main([str(tmp_path)])
    assert told in " ".join(capsys.readouterr().err.split())
