"""How far a price holds is what other plans say, which somebody wrote by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support import islands

import optimize as opt
from optimize.command_line.commands import main
from optimize.explanation.price_range import FILE, PriceRange, Step, read_worth, sentences, tables
from optimize.results.verdict import Findings
from optimize.solvers.solver import Ending
from sd_models.errors import InvalidRequest
from sd_models.system.model import System

CAP = {"name": "cap", "variable": "total income", "at_most": 5.2, "when": "final"}
FAR = {"name": "far away", "variable": "total income", "at_most": 50.0, "when": "final"}
LIMITS = [islands.BUDGET, islands.FLOOR, CAP, FAR]


def solved(system: System, **changes: object) -> opt.Result:
    """The islands under a budget, floors and a cap."""
    content = islands.small_plan(**{"limit": LIMITS, "solver": {"tolerance": 1e-8}, **changes})
    return opt.solve(opt.Problem(system, opt.read_plan(content)))


@pytest.fixture(scope="module")
def result(islands_system: System) -> opt.Result:
    """The plan as it stands."""
    return solved(islands_system)


def test_more_of_a_limit_is_the_plan_with_another_amount(islands_system: System, result: opt.Result) -> None:
    """Gain, promise, and what is left of the price; a ceiling goes up."""
    found = opt.worth(result, "cap", more=0.2)
    assert found.amount == pytest.approx(0.2)
    assert found.unit == "money/Year"
    price = float(result.shadow_prices["cap"].item())
    for step, amount in zip(found.steps, (5.4, 5.6), strict=True):
        by_hand = solved(islands_system, limit=[islands.BUDGET, islands.FLOOR, {**CAP, "at_most": amount}, FAR])
        assert step.gain == pytest.approx(by_hand.objective - result.objective, rel=1e-6)
        assert step.promised == pytest.approx(price * 0.2 * step.times)
        assert step.left == pytest.approx(float(by_hand.shadow_prices["cap"].item()) / price, rel=1e-3, abs=1e-6)


def test_a_floor_goes_down(islands_system: System, result: opt.Result) -> None:
    """The direction that helps, of all islands and periods; a text says how much."""
    found = opt.worth(result, "floor", more="10%")
    assert -0.12 < found.amount < -0.049  # more than a tenth of the floor where it does not bind
    assert found.part == pytest.approx(0.1)
    step = 0.05
    by_hand = solved(islands_system, limit=[islands.BUDGET, {**islands.FLOOR, "at_least": 0.5 - step}, CAP, FAR])
    again = opt.worth(result, "floor", more=step)
    assert again.steps[0].gain == pytest.approx(by_hand.objective - result.objective, rel=1e-5)
    assert again.steps[0].promised > 0


def test_a_shifted_limit_is_kept_by_its_words(islands_system: System) -> None:
    """A shift adds to an amount that follows from the run, over time; the result is held to it."""
    shift = [[2, 0.5], [5, 1.0]]
    found = solved(islands_system, limit=[{**islands.BUDGET, "shift": shift}, islands.FLOOR])
    spent = found.allocation["spending"].sum(["island", "good"])
    assert found.largest_limit_violation <= 1e-6
    budget = 2 + 0.5 * found.trajectories["total income"].sel(time=[2.0, 3.0, 4.0, 5.0])
    assert (spent.to_numpy() > budget.to_numpy() + 0.4).all()
    (item,) = (one for one in found.violations if one.limit == "annual budget")
    assert item.room == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("limit", "more", "told"),
    [
        ("capp", "5%", "the plan has no limit 'capp'. Did you mean 'cap'?"),
        ("far away", "5%", "costs nothing here"),
        ("cap", "nothing", "'nothing' is no amount."),
        ("cap", "-5%", "is no amount."),
        ("cap", "0", "is no amount."),
        ("cap", "1e999", "is no amount."),
        ("cap", "5 apples", "'apples' is no unit of it."),
    ],
)
def test_what_cannot_be_asked_is_told(result: opt.Result, limit: str, more: str, told: str) -> None:
    """Before anything is solved."""
    with pytest.raises(InvalidRequest) as caught:
        opt.worth(result, limit, more=more)
    assert told in str(caught.value)


def test_a_result_that_is_no_optimum_has_no_price(result: opt.Result) -> None:
    """Nothing is solved again from it."""
    with pytest.raises(InvalidRequest, match="its policy is no local optimum"):
        opt.worth(replace(result, findings=Findings(Ending.TIME_LIMIT, 0.1, 0.0)), "cap")


def _range(*left: float | None) -> PriceRange:
    standing = {True: "stationary point", False: "local optimum"}
    steps = tuple(
        Step(times, 0.09 * times, 0.1 * times, one, standing[one is None], {"Joy": 1.5})
        for times, one in enumerate(left, start=1)
    )
    return PriceRange("cap", 0.2, "money", 0.04, steps, {"Joy": 3.0}, {"Joy": "points"})


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ((0.97, 0.95), "It holds."),
        ((0.9, 0.8), "It falls, to 80% after 2 times 0.2 money more."),
        ((0.7, 0.4), "It does not hold: half of it or less is left after 2 times 0.2 money more."),
        ((0.3, 0.0), "It does not hold: half of it or less is left after 0.2 money more."),
        ((None, 0.9), "How far the price holds is not known."),
    ],
)
def test_it_is_said_in_words(result: opt.Result, left: tuple[float | None, ...], said: str) -> None:
    """What is no certified optimum is said to be none, and makes no verdict."""
    texts = sentences(result, _range(*left))
    assert texts[0] == "cap, 0.2 money more (4% of it) everywhere and at all times:"
    assert texts[-1] == said
    assert ("not solved to a certified optimum (stationary point)" in texts[1]) is (left[0] is None)
    (table,) = tables(_range(*left))
    assert table.rows[0][:3] == ("Joy", "points", "3")


def test_it_is_kept_beside_the_result_and_read_strictly(
    islands_system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One finding a limit; of another policy it is not this one's; a file that is none is refused."""
    folder = opt.save_result(solved(islands_system), tmp_path / "run")
    assert read_worth(folder) == ()
    assert main(["explain", str(folder), "--limit", "cap", "--more", "0.1"]) == 0
    printed = capsys.readouterr().out
    assert "cap, 0.1 money a year more (1.9% of it) everywhere and at all times:" in printed
    assert f"{FILE}" in printed
    assert main(["explain", str(folder), "--limit", "cap", "--more", "0.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (kept,) = read_worth(folder)
    assert kept.amount == pytest.approx(0.2)
    assert told["steps"][0]["gain"] == kept.steps[0].gain
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    document["worth"][0]["policy"] = "0" * 64
    (folder / FILE).write_text(json.dumps(document), encoding="utf-8")
    assert read_worth(folder) == ()
    for text in ("[]", '{"layout": 2, "worth": []}', '{"layout": 1, "worth": [{"limit": 3}]}', "no json"):
        (folder / FILE).write_text(text, encoding="utf-8")
        with pytest.raises(InvalidRequest):
            read_worth(folder)
    for asked in (["total income", "--limit", "cap"], ["--more", "5%"]):
        assert main(["explain", str(folder), *asked]) == 2
