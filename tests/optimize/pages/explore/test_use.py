"""A what-if page as people use it: drag, type, undo, share, keep, in two languages, by keys alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from support.models import CONTROLS, loaded
from support.whatif import box, opened, outcomes, policy, session, slider, summary, typed

import optimize as opt
from optimize.pages.page import Page as WhatIf
from optimize.pages.page import html_of, written_page
from optimize.pages.subject import Subject, subject_of
from optimize.problems.assembly import assemble
from optimize.runs.policy import lever_paths, read_policy
from sd_models.dynamics.timing import TimeSpan
from sd_models.system.model import System

RICE = "rice, all years"
OTHER = "public investment = 1 ~~|\nwelfare = INTEG(public investment, 0) ~~|\n"
# Names that would be HTML, a formula, or run from right to left, if anybody took them for more than a text.
TEXTS = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    '=cmd|"/C calc"!A0',
    "שלום",
    "共同富裕 & <b>",
)


@pytest.fixture(scope="module")
def islands(subject: Subject) -> WhatIf:
    """The page of the islands."""
    return written_page(subject)


@pytest.fixture
def there(page: Page, tmp_path: Path, islands: WhatIf) -> Page:
    """The page of the islands, opened."""
    return opened(page, tmp_path, islands.html)


# --- what people see first ----------------------------------------------------------------------------------------


def test_the_page_opens_by_itself(there: Page) -> None:
    """Without a request and without an error, which the fixture holds; with a title, outcomes, levers and limits."""
    expect(there).to_have_title("Islands – what if?")
    assert "This reaches what the baseline reaches (goal: welfare)." in summary(there)
    expect(there.locator(".card figure")).to_have_count(len(session(there, "session.payload.outcomes")))
    expect(there.locator(".lights li")).to_have_count(3)
    expect(there.get_by_role("main")).to_have_count(1)


def test_a_page_may_ask_nobody(browser: Browser, tmp_path: Path, islands: WhatIf) -> None:
    """Its own policy forbids connections, and scripts that were not put into it."""
    page = opened(browser.new_page(), tmp_path, islands.html)
    assert page.evaluate("fetch('https://example.org').then(() => 'asked', () => 'refused')") == "refused"
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    assert page.evaluate("window.ran") is None
    page.close()


# --- levers -------------------------------------------------------------------------------------------------------


def test_a_dragged_slider_changes_the_outcomes_at_once(there: Page) -> None:
    """All years of a good, in the proportions that they had."""
    before, x = outcomes(there), policy(there)
    slider(there, RICE).fill("2.4")
    after, moved = outcomes(there), policy(there)
    assert np.abs(after["welfare"] - before["welfare"]).max() > 1e-3
    rice = [e * 4 + p for e in (0, 3, 6) for p in range(4)]
    assert moved[rice].reshape(3, 4).sum(axis=0) == pytest.approx(np.full(4, 2.4))
    assert moved[rice] / moved[rice].sum() == pytest.approx(x[rice] / x[rice].sum())
    others = np.setdiff1d(np.arange(len(x)), rice)
    assert np.array_equal(moved[others], x[others])


def test_bars_are_dragged_across_years(there: Page) -> None:
    """A line drawn over them sets all of them; what was drawn is one step back."""
    bars = there.locator("svg.bars").first.bounding_box()
    assert bars is not None
    x = policy(there)
    left, top = bars["x"], bars["y"]
    there.mouse.move(left + bars["width"] * 0.2, top + bars["height"] * 0.3)
    there.mouse.down()
    there.mouse.move(left + bars["width"] * 0.9, top + bars["height"] * 0.6, steps=4)
    there.mouse.up()
    drawn = policy(there)
    first = drawn[:4] + drawn[12:16] + drawn[24:28]
    assert (np.diff(first) < 0).all()
    there.get_by_role("button", name="Undo").click()
    assert np.array_equal(policy(there), x)
    there.get_by_role("button", name="Redo").click()
    assert policy(there) == pytest.approx(drawn, rel=1e-11)


def test_a_bound_stops_a_lever_and_the_others_take_what_is_left(there: Page) -> None:
    """Three islands of at most two each make five, though one of them would go beyond."""
    slider(there, RICE).fill("5")
    rice = policy(there)[[0, 12, 24]]
    assert rice.sum() == pytest.approx(5.0)
    assert rice.max() == 2.0


def test_a_region_is_set_by_itself(there: Page) -> None:
    """The picker says where; the other islands stay as they are."""
    there.get_by_label("Where:").select_option("south")
    x = policy(there)
    slider(there, "rice, south, all years").fill("1.25")
    moved = policy(there)
    assert moved[12:16] == pytest.approx(np.full(4, 1.25))
    assert np.array_equal(np.delete(moved, range(12, 16)), np.delete(x, range(12, 16)))


def test_a_rate_is_a_mean_and_no_sum(there: Page) -> None:
    """A tax of 20% in every year is 20%."""
    assert float(box(there, "tax rate, all years, 1/Year").input_value()) == 0.2
    typed(there, "tax rate, all years, 1/Year", "0.3")
    assert policy(there)[36:] == pytest.approx(np.full(4, 0.3))


@pytest.mark.parametrize(("text", "told"), [("7", "7 is out of range"), ("much", "“much” is not a number")])
def test_a_number_that_cannot_be_is_refused_beside_its_field(there: Page, text: str, told: str) -> None:
    """With what may stand there; the scenario stays as it was, and the field can be mended."""
    x = policy(there)
    name = f"{RICE}, money a year"
    typed(there, name, text)
    wrong = there.locator(".wrong", has_text=told)
    expect(wrong).to_be_visible()
    assert "It can be 0 to 6 money a year" in wrong.inner_text()
    expect(box(there, name)).to_have_attribute("aria-invalid", "true")
    assert np.array_equal(policy(there), x)
    typed(there, name, "1,5")
    expect(there.locator(".wrong", has_text="“1,5” is not a number")).to_be_visible()
    typed(there, name, "1.5")
    expect(box(there, name)).not_to_have_attribute("aria-invalid", "true")
    assert policy(there)[[0, 12, 24]].sum() == pytest.approx(1.5)


def test_a_limit_that_breaks_says_so_in_words(there: Page) -> None:
    """By a shape and a word, with how far and where; the budget meter shows what is spent of what."""
    slider(there, RICE).fill("6")
    broken = there.locator(".lights .broken")
    expect(broken.first).to_contain_text("annual budget")
    expect(broken.first).to_contain_text("broken")
    expect(broken.first).to_contain_text("missed by")
    expect(there.get_by_role("meter")).to_have_attribute("aria-valuetext", re.compile(r"\d% of the budget is spent"))
    assert "Limits broken" in summary(there)


# --- undo, reset, presets -----------------------------------------------------------------------------------------


def test_what_was_done_is_undone_and_reset(there: Page) -> None:
    """Step by step, by a button or by keys, and all at once; the differences from the base are listed."""
    x = policy(there)
    slider(there, RICE).fill("3")
    slider(there, "books, all years").fill("1")
    expect(there.locator(".changes li")).to_have_count(2)
    there.keyboard.press("Control+z")
    expect(there.locator(".changes li")).to_have_count(1)
    there.get_by_role("button", name="Reset").click()
    assert np.array_equal(policy(there), x)
    expect(there.locator(".changes")).to_contain_text("Nothing yet")


# --- scenarios ----------------------------------------------------------------------------------------------------


def changed(there: Page) -> None:
    """A scenario with levers and an assumption of its own."""
    slider(there, RICE).fill("2.7")
    typed(there, "books, all years, money a year", "0.9")
    name = session(there, "session.payload.constants[0].name")
    low, high = (session(there, f"session.payload.constants[0].{end}") for end in ("low", "high"))
    slider(there, name).fill(str(low + 0.25 * (high - low)))


def test_a_link_opens_the_same_numbers_in_a_fresh_profile(there: Page, browser: Browser, tmp_path: Path) -> None:
    """To the last bit, levers and assumptions alike."""
    changed(there)
    there.get_by_role("button", name="Copy link").click()
    link = there.locator(".address").input_value()
    fresh = browser.new_context().new_page()
    fresh.goto(link)
    assert np.array_equal(policy(fresh), policy(there))
    for name, values in outcomes(there).items():
        assert np.array_equal(outcomes(fresh)[name], values)
    fresh.context.close()


def test_a_link_of_another_model_is_told(there: Page, page: Page, tmp_path: Path) -> None:
    """And nothing changes."""
    changed(there)
    there.get_by_role("button", name="Copy link").click()
    part = "#" + there.locator(".address").input_value().partition("#")[2]
    other = written_page(subject_of(loaded(tmp_path, OTHER))).html
    opened(page, tmp_path, other, part=part)
    expect(page.get_by_role("alert").first).to_contain_text("belongs to another model or plan (islands)")
    assert session(page, "session.canUndo") is False


@pytest.mark.parametrize("part", ["#scenario=AAAA", "#scenario=", "#scenario=%E0%A4%A"])
def test_a_damaged_link_is_told(page: Page, tmp_path: Path, islands: WhatIf, part: str) -> None:
    """It may come from anybody."""
    opened(page, tmp_path, islands.html, part=part)
    expect(page.get_by_role("alert").first).to_contain_text("no scenario, or it is damaged")


@pytest.mark.parametrize(
    "changes",
    [
        {"levers": [[0, 1, 1e400]]},
        {"levers": [[0, 10**9, 1.0]]},
        {"levers": [[-1, 1, 1.0]]},
        {"levers": "all"},
        {"constants": {"nobody": 1.0}},
        {"constants": None},
        {"base": "__proto__"},
        {"version": 2},
        {"format": 1},
    ],
)
def test_a_scenario_of_a_stranger_is_read_strictly(there: Page, tmp_path: Path, changes: dict[str, object]) -> None:
    """Places that are not there, numbers that are none, names that mean something else: refused, with a sentence."""
    data = session(there, "whatIf.scenario()")
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps({**data, **changes}).replace("Infinity", "1e400"), encoding="utf-8")
    there.locator("input[type=file]").set_input_files(file)
    expect(there.locator(".banner")).to_be_visible()
    assert session(there, "session.canUndo") is False


def test_a_scenario_travels_as_a_file(there: Page, tmp_path: Path) -> None:
    """Saved, reset, and opened again."""
    changed(there)
    x = policy(there)
    with there.expect_download() as download:
        there.get_by_role("button", name="Save as file").click()
    download.value.save_as(tmp_path / "scenario.json")
    there.get_by_role("button", name="Reset").click()
    there.locator("input[type=file]").set_input_files(tmp_path / "scenario.json")
    expect(there.locator(".changes li")).to_have_count(3)
    assert np.array_equal(policy(there), x)


def test_scenarios_are_kept_by_name_and_compared(there: Page) -> None:
    """Over a reload as well; a kept one is a line in every chart and a column of the table."""
    slider(there, RICE).fill("2.7")
    there.get_by_role("textbox", name="Name of this scenario").fill("More <rice>")
    there.get_by_role("button", name="Keep").click()
    there.get_by_role("button", name="Reset").click()
    there.reload()
    there.get_by_role("checkbox", name="Compare More <rice>").check()
    expect(there.locator(".comparison thead th", has_text="More <rice>")).to_have_count(1)
    expect(there.locator(".card").first).to_contain_text("More <")
    there.get_by_role("button", name="Open More <rice>").click()
    expect(there.locator(".changes li")).to_have_count(1)
    there.get_by_role("button", name="Remove More <rice>").click()
    expect(there.locator(".comparison thead th", has_text="More <rice>")).to_have_count(0)


def test_a_name_that_is_kept_again_stands_for_the_new_scenario(there: Page) -> None:
    """In the comparison as well, while it is there."""
    name, keep = there.get_by_role("textbox", name="Name of this scenario"), there.get_by_role("button", name="Keep")
    slider(there, RICE).fill("2.7")
    name.fill("A")
    keep.click()
    there.get_by_role("checkbox", name="Compare A").check()
    slider(there, RICE).fill("0.9")
    name.fill("A")
    keep.click()
    cells = there.locator(".comparison tbody tr").first.locator("td")
    mine, kept = cells.first.inner_text(), cells.last.inner_text()
    assert mine == kept


def test_policies_are_held_against_each_other_under_the_same_assumptions(there: Page) -> None:
    """A changed constant moves the baseline too, so that what differs is the policy; and the page says so."""
    name = session(there, "session.payload.constants[0].name")
    high = session(there, "session.payload.constants[0].high")
    before = session(there, "session.presets.baseline.objective")
    there.evaluate("(constants) => whatIf.setScenario({...whatIf.scenario(), constants})", {name: high})
    after = session(there, "session.presets.baseline.objective")
    assert after != before
    own = "session.run({base: 'baseline', factors: null, constants: session.mine.scenario.constants}).objective"
    assert session(there, own) == after
    assert "under your assumptions" in summary(there) or "with your assumptions" in summary(there)
    there.get_by_role("button", name="Reset").click()
    assert session(there, "session.presets.baseline.objective") == before
    assert "assumptions" not in summary(there)


# --- files --------------------------------------------------------------------------------------------------------


def test_the_policy_file_is_what_simulate_reads(there: Page, tmp_path: Path, subject: Subject) -> None:
    """And means what the page shows."""
    slider(there, RICE).fill("2.7")
    with there.expect_download() as download:
        there.get_by_role("button", name="Policy (CSV)").click()
    download.value.save_as(tmp_path / "policy.csv")
    problem = subject.problem
    span = TimeSpan(stop=float(problem.horizon.points[-1]))
    paths = lever_paths(read_policy(tmp_path / "policy.csv"), subject.system, span)
    assert problem.vector(paths) == pytest.approx(policy(there), rel=1e-12)


def test_the_plan_file_is_the_plan(there: Page, tmp_path: Path, subject: Subject) -> None:
    """It can be optimized from here, by the command that stands beside it."""
    with there.expect_download() as download:
        there.get_by_role("button", name="Plan (TOML)").click()
    download.value.save_as(tmp_path / "plan.toml")
    found = opt.load_plan(tmp_path / "plan.toml")
    assert found.model_copy(update={"model": subject.plan.model}) == subject.plan
    expect(there.locator(".command")).to_have_text("prosperity optimize plan.toml --start-from policy.csv")


@pytest.mark.parametrize("assumed", [{}, {"First Capital[South,Rice]": 7.0, "people": 2.0}])
def test_the_plan_file_holds_what_was_changed(
    page: Page, tmp_path: Path, system: System, plan: opt.Plan, assumed: dict[str, float]
) -> None:
    """Beside what the plan assumes already: from plan and policy follows exactly what the page shows."""
    asked = opt.read_plan({**plan.model_dump(by_alias=True, exclude_unset=True), "constants": assumed})
    there = opened(page, tmp_path, written_page(subject_of(system, asked if assumed else plan)).html)
    slider(there, RICE).fill("1.7")
    there.evaluate(
        "(constants) => whatIf.setScenario({...whatIf.scenario(), constants})", {"first capital[south, rice]": 9.0}
    )
    expect(there.locator(".take")).to_contain_text("The plan holds the assumptions that you changed.")
    for name, button in (("plan.toml", "Plan (TOML)"), ("policy.csv", "Policy (CSV)")):
        with there.expect_download() as download:
            there.get_by_role("button", name=button).click()
        download.value.save_as(tmp_path / name)
    found = opt.load_plan(tmp_path / "plan.toml")
    assert found.constants == {
        **{name: value for name, value in assumed.items() if name == "people"},
        "first capital[south, rice]": 9.0,
    }
    problem = opt.Problem(system, found)
    span = TimeSpan(stop=float(problem.horizon.points[-1]))
    x = problem.vector(lever_paths(read_policy(tmp_path / "policy.csv"), problem.system, span))
    program = assemble(problem)
    for y, shown in ((x, "session.mine.objective"), (problem.own, "session.presets.baseline.objective")):
        at = program.evaluate(y)
        assert program.sign * program.cost(at.x, at.y) == pytest.approx(session(there, shown), rel=1e-9)


def test_outcomes_are_a_table_without_formulas(page: Page, tmp_path: Path) -> None:
    """A name that a spreadsheet would take for a formula is a text; a column for each scenario."""
    html = hostile(tmp_path)
    opened(page, tmp_path, html)
    with page.expect_download() as download:
        page.get_by_role("button", name="Outcomes (CSV)").click()
    download.value.save_as(tmp_path / "outcomes.csv")
    text = (tmp_path / "outcomes.csv").read_text(encoding="utf-8-sig")
    assert text.startswith("time,outcome,element,unit,Baseline,Mine\n")
    assert not re.search(r"(^|,)\"?[=+@]", text, re.MULTILINE)


# --- names, languages, keys ---------------------------------------------------------------------------------------


def named(text: str) -> dict[str, str]:
    """A text in both languages."""
    return {"en": text, "zh": text}


def hostile(folder: Path) -> str:
    """A page whose every name is a hostile text."""
    subject = subject_of(loaded(folder, OTHER, controls=CONTROLS))
    document = dict(written_page(subject).payload.document)

    def poisoned(value: object, text: str) -> object:
        if isinstance(value, dict) and {"en", "zh"} <= value.keys():
            return {**value, **named(text)}
        return value

    for i, key in enumerate(("levers", "constants", "outcomes", "limits")):
        document[key] = [
            {name: poisoned(poisoned(part, TEXTS[i]), TEXTS[i]) for name, part in one.items()} for one in document[key]
        ]
    document["outcomes"] = [
        {**one, "en": TEXTS[i % 5], "zh": TEXTS[i % 5]} for i, one in enumerate(document["outcomes"])
    ]
    document["objective"] = {**document["objective"], "label": named(TEXTS[1])}
    document["label"] = named(TEXTS[0])
    return html_of(document)


def test_names_are_texts_and_nothing_else(page: Page, tmp_path: Path) -> None:
    """Nothing of a model runs, opens or ends anything; they are read as they are."""
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    opened(page, tmp_path, hostile(tmp_path))
    expect(page.get_by_role("heading", level=1)).to_have_text(TEXTS[0])
    assert TEXTS[1] in summary(page)
    expect(page.locator("img")).to_have_count(0)
    assert page.locator("script").count() == 4
    assert not dialogs


def test_a_hostile_model_file_is_text_too(page: Page, tmp_path: Path) -> None:
    """From the file to the page: quoted names with marks of HTML, Chinese and right-to-left letters."""
    names = ['"</script><b>"', '"=1+1 & שלום"', "政府投资"]
    model = f"{names[2]} = 1 ~~ Lever. |\n{names[0]} = INTEG({names[2]}, 0) ~~|\n{names[1]} = {names[0]} * 2 ~~|\n"
    subject = subject_of(loaded(tmp_path, model))
    opened(page, tmp_path, written_page(subject).html)
    shown = page.locator(".prosperity-explore").inner_text()
    assert "</script><b>" in shown
    assert "政府投资" in shown
    assert "שלום" in shown


def test_both_languages(there: Page) -> None:
    """The page changes its words, keeps the scenario, and says in which language it is."""
    slider(there, RICE).fill("2.7")
    x = policy(there)
    there.get_by_role("button", name="中文").click()
    expect(there.get_by_role("heading", name="可决策的内容")).to_be_visible()
    expect(there.locator("html")).to_have_attribute("lang", "zh-CN")
    assert np.array_equal(policy(there), x)
    there.get_by_role("button", name="English").click()
    expect(there.get_by_role("heading", name="What can be decided")).to_be_visible()


def test_all_can_be_done_by_keys(there: Page) -> None:
    """From the link that skips to the results, to a bar that grows."""
    there.keyboard.press("Tab")
    expect(there.locator(":focus")).to_have_text("Skip to the results")
    there.keyboard.press("Enter")
    expect(there.locator("main")).to_be_focused()
    bar = there.locator("svg.bars [role=slider][tabindex='0']").first
    bar.focus()
    there.keyboard.press("ArrowRight")
    x = policy(there)
    there.keyboard.press("ArrowUp")
    moved = policy(there)
    assert (moved > x).sum() == 3
    assert set(np.flatnonzero(moved != x) % 4) == {1}
    there.keyboard.press("Control+z")
    assert np.array_equal(policy(there), x)


def test_a_region_is_picked_on_the_map_and_let_go(there: Page) -> None:
    """By arrow keys and by a click; Escape goes back to the whole."""
    tiles, picker = there.locator(".map figure > svg"), there.locator(".where select")
    tiles.press("ArrowRight")
    expect(picker).to_have_value("0")
    there.locator(".map svg .tiles rect").nth(1).click(force=True)
    expect(picker).to_have_value("1")
    tiles.press("Escape")
    expect(picker).to_have_value("")


def test_every_control_has_a_name(there: Page) -> None:
    """For people who do not see it."""
    nameless = there.evaluate(
        """() => [...document.querySelectorAll("button, select, input, [role=slider], [role=meter]")]
        .filter((one) => !one.closest("[aria-hidden=true]") && one.type !== "file")
        .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length))
        .map((one) => one.outerHTML)"""
    )
    assert not nameless


def test_a_phone_shows_it_in_one_column(page: Page, tmp_path: Path, islands: WhatIf) -> None:
    """Nothing is wider than the screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, tmp_path, islands.html)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_shows_my_numbers_without_scrolling(page: Page, tmp_path: Path, islands: WhatIf) -> None:
    """However many scenarios stand beside mine."""
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, tmp_path, islands.html)
    cells = page.locator(".comparison .mine")
    ends = cells.evaluate_all("(all) => all.map((cell) => cell.getBoundingClientRect().right)")
    assert len(ends) > 2
    assert max(ends) <= 390
    assert cells.evaluate_all("(all) => all.every((cell) => cell.cellIndex === 1)")


# --- long runs ----------------------------------------------------------------------------------------------------


SLOW = """function(T){const m=(%s)(T);return{...m,run(q){
const end=performance.now()+40;while(performance.now()<end);return m.run(q)}}}"""
DRAG = """async (slider) => {
const took = [];
for (let i = 0; i <= 30; i++) {
    slider.value = String(1 + i / 10);
    const began = performance.now();
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    took.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, 5));
}
slider.dispatchEvent(new Event("change", {bubbles: true}));
return took.sort((a, b) => a - b)[15];
}"""
ARRIVED = """async () => {
while (whatIf.session.mine.scenario !== whatIf.session.scenario) await new Promise((done) => setTimeout(done, 10));
}"""


def test_long_runs_do_not_block_a_drag(page: Page, tmp_path: Path, islands: WhatIf) -> None:
    """They go to a worker, the latest wins, and the last numbers are those where the drag ended."""
    document = islands.payload.document
    model = {**document["model"], "text": SLOW % document["model"]["text"]}
    opened(page, tmp_path, html_of({**document, "model": model}))
    assert slider(page, RICE).evaluate(DRAG) < 20
    assert session(page, "session.runner.isApart")
    page.evaluate(ARRIVED)
    assert policy(page)[[0, 12, 24]].sum() == pytest.approx(4.0)


# --- for notebooks ------------------------------------------------------------------------------------------------


def test_a_program_sets_a_scenario_and_hears_of_changes(there: Page) -> None:
    """What a widget needs: the policy as numbers, both ways."""
    heard = there.evaluate(
        """() => {
        const heard = [];
        const root = document.createElement("div");
        document.body.append(root);
        const payload = JSON.parse(document.getElementById("payload").textContent);
        const found = prosperity.explore(root, payload, {makeModel, onChange: (scenario) => heard.push(scenario)});
        const policy = found.scenario().policy.map((value) => value / 2);
        found.setPolicy(policy, {});
        const back = found.scenario().policy;
        found.stop();
        const same = policy.every((value, i) => Math.abs(value - back[i]) <= 1e-12);
        return {same, heard: heard.length, left: root.childNodes.length};
        }"""
    )
    assert heard == {"same": True, "heard": 1, "left": 0}
