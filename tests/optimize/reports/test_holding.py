"""How far prices hold stands in a report where somebody asked that, and where it is about the policy of the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import optimize as opt
from optimize.explanation.price_range import FILE, PriceRange, Step, foreign_worth, save_worth
from optimize.files.untrusted import sha256
from optimize.reports.blocks import Block, Table, texts_of
from optimize.reports.limits import section
from optimize.reports.subject import subject_of
from sd_models.errors import InvalidRequest


@pytest.fixture
def folder(result: opt.Result, tmp_path: Path) -> Path:
    """The valleys in a folder."""
    return opt.save_result(result, tmp_path / "run")


def limits(folder: Path, language: str = "en") -> str:
    """What a report says of limits."""
    return "\n".join(texts_of(section_of(folder, language)))


def section_of(folder: Path, language: str) -> tuple[Block, ...]:
    """The blocks about limits."""
    return section(subject_of(opt.load_result(folder), language)).blocks


def rows(folder: Path, language: str = "en") -> list[tuple[str, ...]]:
    """The table of all solves."""
    captions = ("How far", "价格在多大范围")
    tables = [block for block in section_of(folder, language) if isinstance(block, Table)]
    return next(list(block.rows) for block in tables if block.caption.startswith(captions))


def test_a_price_that_holds_is_shown_with_what_a_new_solve_brought(folder: Path) -> None:
    """A billion a year is worth .8 in four years, by the price and by a new solve, and two are worth twice that."""
    save_worth(opt.worth(opt.load_result(folder), "budget", more="1 billion"), folder)
    first, second = rows(folder)
    assert first == ("Budget", "1 billion yuan more allowed (33%)", "0.80", "0.80", "100%")
    assert second == ("", "2 billion yuan more allowed (67%)", "1.60", "1.60", "100%")
    said = limits(folder)
    assert "Budget: its price holds; 100% of it is left with 2 billion yuan more allowed." in said
    assert "Budget: what the outcomes change by the end of 2029, beside this policy" in said
    assert "Left out" not in said


def test_it_is_shown_in_chinese(folder: Path) -> None:
    """With names, units and outcomes of that language."""
    save_worth(opt.worth(opt.load_result(folder), "budget", more="1 billion"), folder)
    first, _ = rows(folder, "zh")
    assert first == ("预算", "多允许 10.0 亿元（33%）", "0.80", "0.80", "100%")
    said = limits(folder, "zh")
    assert "预算：价格成立；多允许 20.0 亿元后仍余 100%。" in said
    assert "预算：2029年末各项结果相对本方案的变化" in said
    assert "两谷财富" in said
    assert "Budget" not in said


def kept(folder: Path, *left: float | None, limit: str = "budget", **changes: object) -> PriceRange:
    """A finding about the policy of a folder, with these parts of the price left."""
    standing = {True: "stationary point", False: "local optimum"}
    steps = tuple(
        Step(times, 0.7 * times, 0.8 * times, one, standing[one is None]) for times, one in enumerate(left, 1)
    )
    found = PriceRange(limit, 1.0, "billion yuan", None, steps, policy=sha256(folder / "policy.nc"))
    save_worth(replace(found, **changes) if changes else found, folder)
    return found


@pytest.mark.parametrize(
    ("left", "english", "chinese"),
    [
        ((0.9, 0.8), "its price falls; 80% of it is left with 2 billion yuan", "价格下降；多允许 20.0 亿元后余 80%"),
        ((0.7, 0.4), "half of it or less is left with 2 billion yuan", "多允许 20.0 亿元后只剩一半或更少"),
        ((0.3, 0.0), "half of it or less is left with 1 billion yuan", "多允许 10.0 亿元后只剩一半或更少"),
        ((0.9, None), "how far its price holds is not known", "价格在多大范围内成立尚不清楚"),
        ((), "how far its price holds is not known", "价格在多大范围内成立尚不清楚"),
    ],
)
def test_a_price_that_does_not_hold_says_so(
    folder: Path, left: tuple[float | None, ...], english: str, chinese: str
) -> None:
    """Half of it, less, or nobody knows."""
    kept(folder, *left)
    assert english in limits(folder)
    assert chinese in limits(folder, "zh")


def test_nothing_is_made_of_what_is_no_certified_optimum(folder: Path) -> None:
    """Its numbers are not shown; a verdict that there is not stands as it is."""
    kept(folder, 0.9, None)
    assert rows(folder)[1][3:] == ("–", "no certified optimum (stationary point)")
    assert rows(folder, "zh")[1][3:] == ("–", "非经验证的最优（驻点）")
    kept(folder, steps=(Step(1, 0.7, 0.8, None, "perfect"),))
    assert rows(folder)[0][-1] == "no certified optimum (perfect)"


def test_what_is_about_another_policy_is_left_out_and_said_to_be(folder: Path) -> None:
    """And so is a limit that the plan does not have."""
    kept(folder, 0.9, 0.8, limit="budgets")
    (folder / FILE).write_text(_both(folder), encoding="utf-8")
    assert [one.limit for one in foreign_worth(folder)] == ["budgets"]
    said = limits(folder)
    assert "How far prices hold" not in said
    assert "Left out: what the file worth.json beside this result says of another policy or limit (2)." in said
    assert "（2 项）" in limits(folder, "zh")


def _both(folder: Path) -> str:
    """What is kept, and the same once more of another policy."""
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    (own,) = document["worth"]
    return json.dumps({**document, "worth": [own, {**own, "policy": "0" * 64}]})


def test_a_result_that_nobody_asked_says_nothing_of_it(folder: Path, result: opt.Result) -> None:
    """Neither does one that is in no folder."""
    assert "How far" not in limits(folder)
    assert "How far" not in "\n".join(texts_of(section(subject_of(result, "en")).blocks))


@pytest.mark.parametrize("times", [0, -1, 10**400])
def test_a_damaged_file_is_refused_by_name(folder: Path, times: int) -> None:
    """With what to do."""
    kept(folder, 0.9, 0.8)
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    document["worth"][0]["steps"][0]["times"] = times
    (folder / FILE).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InvalidRequest, match=rf"{FILE}.*Remove it"):
        limits(folder)


def test_the_page_takes_the_words_of_the_file_as_text(folder: Path) -> None:
    """Names of verdicts and units are no markup."""
    kept(folder, unit="<script>x</script>", steps=(Step(1, 0.7, 0.8, None, "<b>perfect</b>"),))
    page = opt.report(folder)
    assert "<b>perfect" not in page
    assert "<script>x" not in page
