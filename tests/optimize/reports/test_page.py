"""The page in a browser: it asks nobody, fits screens and paper, can be read by everybody, and takes names as texts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import Page, expect
from support.accessibility import findings
from support.browser import SIZES, show
from support.models import loaded
from support.results import verified

import optimize as opt
from optimize.headlines.headline import Headline
from optimize.reports.content import report_of
from optimize.reports.page import MOST_BYTES, html_of
from optimize.solvers.solver import Ending
from sd_models.errors import InvalidRequest

OPEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DRAWN = "[...document.querySelectorAll('[data-chart]')].every((one) => one.querySelector('svg'))"
# Names that would be HTML or end a script, if anybody took them for more than a text.
TEXTS = ("<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "$policy ${bundle}", "<!-- & שלום")


@pytest.fixture(scope="module", params=["en", "zh"])
def html(request: pytest.FixtureRequest, result: opt.Result) -> str:
    """The page of the valleys in both languages."""
    return opt.report(result, language=request.param)


@pytest.mark.parametrize("size", SIZES)
def test_the_page_opens_by_itself_and_fits(page: Page, tmp_path: Path, html: str, size: str) -> None:
    """No request and no error, which the fixture holds; all charts drawn; nothing beyond its sides, open or not."""
    page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
    show(page, tmp_path, html)
    assert page.evaluate(DRAWN)
    assert page.evaluate(OVERFLOW) == 0
    page.evaluate(OPEN)
    assert page.evaluate(OVERFLOW) == 0
    expect(page.locator("main [data-chart] svg")).to_have_count(html.count("data-chart="))


def test_the_page_can_be_read_by_everybody(page: Page, tmp_path: Path, html: str, axe: str) -> None:
    """axe-core finds nothing, folded or open; each chart has its table; headings go down step by step."""
    show(page, tmp_path, html)
    assert findings(page, axe) == []
    page.evaluate(OPEN)
    page.evaluate("document.querySelectorAll('figure').forEach((one) => one.dispatchEvent(new FocusEvent('focusin')))")
    assert page.evaluate("[...document.querySelectorAll('[data-chart]')].every((one) => one.querySelector('tbody tr'))")
    assert findings(page, axe) == []
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((one) => one.tagName)")
    assert levels == ["H1", *["H2"] * (len(levels) - 1)]
    assert page.evaluate("document.documentElement.lang") in ("en", "zh-CN")


def test_a_phone_shows_all_columns_of_short_tables(page: Page, tmp_path: Path, html: str) -> None:
    """Each row is a card there, whose cells tell their columns."""
    page.set_viewport_size(SIZES["phone"])
    show(page, tmp_path, html)
    cells = page.locator("main > section > .table tbody :is(td, th)").filter(visible=True)
    ends = cells.evaluate_all("(all) => all.map((cell) => cell.getBoundingClientRect().right)")
    assert len(ends) > 10
    assert max(ends) <= SIZES["phone"]["width"]
    told = page.locator("table.cards td[data-head]").first.evaluate(
        "(cell) => getComputedStyle(cell, '::before').content"
    )
    assert len(told) > 2


def test_the_page_may_ask_nobody(page: Page, tmp_path: Path, result: opt.Result) -> None:
    """Its own policy forbids connections, and lets run only what was put into it."""
    html = opt.report(result)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "connect-src 'none'" in policy[1]
    assert "unsafe-eval" not in policy[1]
    assert "'unsafe-inline'" not in policy[1].split("script-src")[1].split(";")[0]
    assert not re.search(r'(src|href)="(?!data:)', html)


def test_paper_has_all_that_is_folded(page: Page, tmp_path: Path, result: opt.Result) -> None:
    """Printing opens what is closed, draws for the width of a sheet, and closes it again afterwards."""
    show(page, tmp_path, opt.report(result))
    page.evaluate("globalThis.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("[...document.querySelectorAll('details')].every((one) => one.open)")
    widths = page.evaluate(
        "[...document.querySelectorAll('[data-chart] > figure > svg')].map((one) => one.width.baseVal.value)"
    )
    assert set(widths) == {680}
    page.evaluate("globalThis.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("[...document.querySelectorAll('details')].every((one) => !one.open)")
    printed = page.pdf(format="A4")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") + printed.count(b"/Type /Page>") >= 3


def test_the_first_line_of_a_failed_run_is_its_verdict(page: Page, tmp_path: Path) -> None:
    """Before the title."""
    result = verified()
    failed = replace(result.findings, ending=Ending.INFEASIBLE, violation=0.5, violated="annual budget", looked=None)
    show(page, tmp_path, opt.report(replace(result, findings=failed, verification=None)))
    first = page.locator("main > *").first
    assert first.inner_text().startswith("Infeasible: no policy was found that keeps all limits of the plan together.")
    expect(page.locator("[data-chart]")).to_have_count(0)


def test_names_are_texts(page: Page, tmp_path: Path) -> None:
    """Markup, ends of scripts and placeholders of templates stay what they are."""
    result = verified()
    names = dict(zip(("north", "south", "east"), TEXTS, strict=False))
    policy = result.policy.assign_coords(island=[names[one] for one in ("north", "south", "east")])
    changed = replace(
        result,
        policy=policy,
        notes=TEXTS,
        provenance={**result.provenance, "model": TEXTS[3], "plan": TEXTS[2], "platform": TEXTS[1]},
    )
    show(page, tmp_path, opt.report(changed))
    text = page.locator("main").inner_text() + page.locator("main").text_content()  # type: ignore[operator]
    for name in TEXTS:
        assert name in text
    expect(page.locator("main img")).to_have_count(0)


# --- any size -----------------------------------------------------------------------------------------------------


def wide(count: int) -> opt.Result:
    """A result with so many regions, in which every third one loses."""
    result = verified()
    regions = [f"county {number}" for number in range(count)]
    times = result.policy["time"].to_numpy()
    money = np.outer(np.ones(len(times)), 1.0 + np.arange(count))
    shape = {"time": times, "county": regions}
    policy = xr.DataArray(money, shape, ("time", "county"), attrs={"units": "money/Year"})
    saved = {"time": result.baseline["time"].to_numpy(), "county": regions}
    before = xr.DataArray(np.full((7, count), 10.0), saved, ("time", "county"), attrs={"units": "money"})
    change = np.where(np.arange(count) % 3 == 0, -0.1, 0.2) * np.arange(7.0)[:, np.newaxis]
    headline = Headline("income", "money", 1.0, "Income", "收入", "more", "county")
    runs = {"baseline": before.to_dataset(name="income"), "trajectories": (before + change).to_dataset(name="income")}
    return replace(result, policy=policy.to_dataset(name="spending"), headlines=(headline,), groups={}, **runs)


def test_three_thousand_regions_make_a_page_that_people_read(page: Page, tmp_path: Path) -> None:
    """The largest and those who lose most, the others added up or counted; what was left out is said."""
    html = opt.report(wide(3000))
    assert len(html.encode()) < MOST_BYTES / 5
    show(page, tmp_path, html)
    assert page.evaluate(OVERFLOW) == 0
    told = page.locator("main").text_content() or ""
    assert "Income in 1,000 of 3,000" in told
    assert "2,960 others" in told
    assert "The 36 that lose most are shown; of the 2,964 others 964 lose too." in told


def test_gaps_in_a_run_are_gaps_on_the_page(page: Page, tmp_path: Path) -> None:
    """NaN is no JSON; what has no number is told to have none."""
    result = wide(3)
    income = result.trajectories["income"].where(result.trajectories["time"] != 4.0)
    html = opt.report(replace(result, trajectories=income.to_dataset(name="income")))
    show(page, tmp_path, html)
    assert page.evaluate(DRAWN)


def test_a_page_that_is_too_large_is_refused() -> None:
    """With what to do."""
    result = verified()
    with pytest.raises(InvalidRequest, match=r"its page would take 6\.\d MB; at most 5 MB are written"):
        opt.report(replace(result, notes=("x" * 6_000_000,)))


def test_one_lever_without_units_and_regions_makes_a_report(page: Page, tmp_path: Path) -> None:
    """Also where there is one period."""
    system = loaded(tmp_path, "effort = 1 ~ ~ Lever. |\nharvest = effort * (4 - effort) ~~|")
    plan = {
        "model": "case.mdl",
        "horizon": [0, 0],
        "objective": {"maximize": "harvest", "measure": "final"},
        "lever": [{"variable": "effort", "lower": 0, "upper": 3, "every": 4}],
    }
    result = opt.solve(opt.Problem(system, opt.read_plan(plan)))
    show(page, tmp_path, opt.report(result))
    first = page.locator(".sentences li").first.inner_text()
    assert first == "Effort: 2.00 on average."
    assert page.evaluate(OVERFLOW) == 0


# --- calls --------------------------------------------------------------------------------------------------------


def test_a_report_is_written_where_it_was_asked_for(result: opt.Result, tmp_path: Path) -> None:
    """As the same page, from a result or its folder; into no file of another kind."""
    folder = opt.save_result(result, tmp_path / "run")
    out = tmp_path / "report.html"
    assert out.write_text("") == 0
    page = opt.report(folder, out=out)
    assert out.read_text(encoding="utf-8") == page
    with pytest.raises(InvalidRequest, match=r"files ending in '\.pdf' are not written"):
        opt.report(result, out=tmp_path / "report.pdf")
    with pytest.raises(InvalidRequest, match="there is no result to report"):
        opt.report()


def test_the_page_is_the_same_each_time(result: opt.Result) -> None:
    """So that a report can be compared with another."""
    one, other = (html_of(report_of(result, "en", today="2026-01-02")) for _ in range(2))
    assert one == other
