"""All that a page needs, as JSON: names, sizes, what is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.models import CONTROLS, loaded

import optimize as opt
import sd_models as sd
from optimize.pages import payload as payload_module
from optimize.pages.arrays import unpacked
from optimize.pages.page import written_page
from optimize.pages.payload import Payload
from optimize.pages.shown import summed
from optimize.pages.subject import Subject, subject_of
from optimize.results.verdict import REACHED, Standing


def test_a_payload_is_json_of_bounded_size(payload: Payload) -> None:
    """Without numbers that JSON does not know."""
    text = json.dumps(payload.document, allow_nan=False)
    assert len(text) < 60_000


def test_the_objective_is_shown_first(payload: Payload) -> None:
    """Then what moves most."""
    outcomes = payload.document["outcomes"]
    assert (outcomes[0]["variable"], outcomes[0]["better"]) == ("welfare", "more")
    assert len(outcomes) > 1


@pytest.mark.parametrize(
    ("standing", "is_given", "called"),
    [("PROVED", False, "Optimum"), ("LOCAL", False, "Best found"), ("PROVED", True, "Given policy")],
)
def test_a_policy_is_the_optimum_only_where_that_is_proved(
    standing: str, is_given: bool, called: str, urbanization_result: opt.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it is the best that was found, or the one that the plan gives."""
    verdict = replace(urbanization_result.status, standing=Standing[standing], is_given=is_given)
    monkeypatch.setattr(opt.Result, "status", property(lambda _: verdict))
    told = Payload(subject_of(urbanization_result)).document["words"]
    assert told["optimum"]["en"] == called
    assert ("optimum" in told["goalOptimum"]["en"]) == (called == "Optimum")
    assert not [name for name in told if name.endswith((payload_module.PROVED, payload_module.GIVEN))]


def test_the_end_is_that_of_the_last_year(urbanization_result: opt.Result) -> None:
    """As everywhere else; units are those of people."""
    document = Payload(subject_of(urbanization_result)).document
    assert document["time"]["endSaid"] == {"en": "end of 2040", "zh": "2040年末"}
    assert not [one for one in document["limits"] if "/" in one["unit"]["en"]]


def test_page_and_result_call_the_same_reached() -> None:
    """One part of a limit's size for both."""
    source = (Path(payload_module.__file__).parent / "sources" / "explore" / "limits.js").read_text(encoding="utf-8")
    assert f"const REACHED = {REACHED:.0e};".replace("e-0", "e-") in source


def test_levers_are_no_outcomes(payload: Payload) -> None:
    """Nobody learns from seeing what they have set."""
    assert not {"spending", "tax rate"} & {one["variable"] for one in payload.document["outcomes"]}


def test_rows_of_levers_are_those_of_the_model(payload: Payload) -> None:
    """The dimension that runs fastest is the last."""
    spending, tax = payload.document["levers"]
    assert unpacked(spending["rows"]).tolist() == list(range(9))
    assert unpacked(tax["rows"]).tolist() == [9]
    assert spending["shape"] == [3, 3]


def test_the_flagship_speaks_chinese_and_stands_on_tiles() -> None:
    """Measures are grouped by pillar, provinces lie on the grid."""
    document = Payload(subject_of(sd.load("common_prosperity"))).document
    assert document["region"] == "province"
    province, measure = document["dimensions"]["province"], document["dimensions"]["measure"]
    assert next(one["zh"] for one in province["elements"] if one["name"] == "Henan") == "河南"
    assert len(province["tiles"]) == 34
    assert [len(group["elements"]) for group in measure["groups"]] == [4, 4, 4, 4]
    assert {one["name"] for one in document["limits"]} > {"annual budget", "carbon path", "rural incomes"}


def test_a_page_opens_on_equal_shares_only_where_they_keep_the_limits() -> None:
    """Those of the flagship break some; what they are is said, since a plan may split evenly in another way."""
    flagship = Payload(subject_of(sd.load("common_prosperity"))).document
    assert flagship["start"] == "baseline"
    assert "496 parts" in flagship["evenSaid"]["en"]
    assert flagship["words"]["even"]["en"] not in ("Even split", "Even split of the budget")
    assert Payload(subject_of(sd.load("urbanization"))).document["start"] == "even"


def test_a_page_begins_with_the_headlines_of_the_model() -> None:
    """What a limit holds comes behind them, and goes by the name of its total where that is one of them."""
    document = Payload(subject_of(sd.load("common_prosperity"))).document
    outcomes = document["outcomes"]
    first = [one["variable"] for one in outcomes[:2]]
    assert first == ["national prosperity index", "national index without soft goods"]
    assert next(one["variable"] for one in outcomes if one["by"]) == "prosperity index"
    output = [(one["variable"], one["by"], one["unit"]["en"]) for one in outcomes if one["en"] == "Output"]
    assert output == [("national GDP", "", "trillion yuan a year"), ("GDP", "province", "trillion yuan a year")]


def test_a_sum_of_another_variable_is_nothing_else(tmp_path: Path) -> None:
    """Over all of it, as it is."""
    model = """
    place: here, there, far ~~|
    near: here, there ~~|
    output[place] = 1 ~~|
    all = SUM(output[place!]) ~~|
    most = VMAX(output[place!]) ~~|
    twice = SUM(output[place!]) * 2 ~~|
    doubled = SUM(2 * output[place!]) ~~|
    part = SUM(output[near!]) ~~|
    first = output[here] ~~|
    """
    system = loaded(tmp_path, model, controls=CONTROLS)
    names = ("all", "most", "twice", "doubled", "part", "first", "output")
    assert [summed(system, name) for name in names] == ["output", "", "", "", "", "", ""]


def test_the_flagship_is_a_page_of_a_few_hundred_kilobytes() -> None:
    """At most three megabytes are promised."""
    page = written_page(subject_of(sd.load("common_prosperity")))
    assert len(page.html.encode()) < 1_000_000
    assert "http://" not in page.html.replace("http://www.w3.org/", "")


def test_a_model_without_a_plan_says_that_it_has_none(tmp_path: Path) -> None:
    """Its levers are a guess."""
    lines = (
        "public investment = 1",
        "welfare = INTEG(public investment, 0)",
        "loss = welfare / lifetime",
        "lifetime = 3",
    )
    model = "".join(f"{line} ~~|\n" for line in lines)
    document = Payload(subject_of(loaded(tmp_path, model))).document
    assert any("first guess" in note["en"] for note in document["leftOut"])


def test_what_is_left_out_is_told_by_group(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """An outcome of too many elements, a policy of too many values, constants beyond the cap."""
    monkeypatch.setattr(payload_module, "MOST_ELEMENTS", 2)
    monkeypatch.setattr(payload_module, "MOST_VALUES", 1)
    document = Payload(subject).document
    told = " ".join(note["en"] for note in document["leftOut"])
    assert "too many values a year for a page (3 each): income" in told
    assert "income" not in {one["variable"] for one in document["outcomes"]}


def test_the_points_of_a_chart_are_bounded() -> None:
    """First, last and evenly between."""
    import numpy as np

    found = payload_module._thinned(np.arange(0, 1001), 1001)
    assert (found[0], found[-1]) == (0, 1000)
    assert len(found) <= payload_module.MOST_POINTS + 2


def test_the_region_is_a_dimension_that_the_page_carries(tmp_path: Path) -> None:
    """Outcomes of too many elements are left out, and with them their dimension."""
    names = ", ".join(f"r{i}" for i in range(401))
    text = f"R: {names} ~~|\nu = 1 ~~|\nx[R] = INTEG(u, 1) ~~|\nt = SUM(x[R!]) ~~|\n"
    document = Payload(_made(tmp_path, text)).document
    assert document["region"] in ("", *document["dimensions"])


def test_what_only_the_tape_knows_to_be_still_is_a_number_of_the_page(tmp_path: Path) -> None:
    """A limit on a choice between two equal numbers."""
    text = "u = 1 ~~|\nt = INTEG(u, 1) ~~|\ncap = IF THEN ELSE(t > 0, 3, 3) ~~|\n"
    limit = {"name": "cap", "terms": {"u": 1, "cap": 1}, "at_most": 9}
    document = Payload(_made(tmp_path, text, limit=[limit])).document
    assert "cap" in {one["name"] for one in document["limits"]}


def _made(folder: Path, text: str, **more: object) -> Subject:
    plan = {
        "model": "case.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "t", "measure": "final"},
        "lever": [{"variable": "u", "lower": 0, "upper": 5}],
        **more,
    }
    return subject_of(loaded(folder, text), opt.read_plan(plan))
