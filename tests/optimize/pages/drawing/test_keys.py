"""Charts are read without a mouse and without eyes: keys move, the live region says what is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from support.accessibility import findings
from support.drawing import draw

from .test_charts import ALL, HEAT, LIMITS, LINES, PANELS, SANKEY, STACK, TILES, WATERFALL


def test_keys_move_the_cursor_over_years(page: Page) -> None:
    """The live region says name, year, value and unit; the caller is told the index."""
    chart = draw(page, "lines", LINES)
    chart.press("ArrowLeft")
    assert chart.said == "mine, 2050: 20.0 yuan"
    chart.press("ArrowLeft")
    assert chart.said == "mine, 2040: 18.0 yuan"
    assert page.locator("figure > svg").get_attribute("aria-valuetext") == "2040"
    chart.press("Home")
    assert chart.said == "mine, 2026: 10.0 yuan"
    chart.press("ArrowLeft", "ArrowRight", "End", "Escape")
    assert chart.told == [["cursor", at] for at in (3, 2, 0, 1, 3, None)]


def test_keys_turn_to_another_line(page: Page) -> None:
    """Up and down, around; the line in focus is drawn wider."""
    chart = draw(page, "lines", {**LINES, "cursor": 1})
    chart.press("ArrowDown", "ArrowDown")
    assert chart.said == "baseline, 2030: 11.0 yuan"
    widths = [float(one["stroke-width"]) for one in chart.shown("path[stroke-dasharray]")]
    assert max(widths) > min(widths)
    chart.press("ArrowDown")
    assert chart.said == "mine, 2030: 14.0 yuan"
    assert chart.told == []


def test_every_line_of_many_can_be_named(page: Page) -> None:
    """Not all names fit beside them, and the chart says so; keys name one after the other."""
    series = [{"name": f"line {i}", "role": "other", "values": [1.0, 2.0, 3.0, 3.0 + i / 100]} for i in range(31)]
    chart = draw(page, "lines", {**LINES, "series": series, "height": 240})
    named = len(chart.shown(".labels text"))
    assert 0 < named < 31
    note = f"{named} of 31 lines are named; the arrow keys and the pointer name the others."
    assert note in [one["text"] for one in chart.shown("text")]
    chart.press("ArrowRight")
    for i in range(31):
        assert chart.said.startswith(f"line {i}, ")
        assert any(f"line {i}" in one["text"] and one["font-weight"] == "600" for one in chart.shown(".labels text"))
        chart.press("ArrowDown")


def test_keys_turn_to_another_panel_or_band(page: Page) -> None:
    """A panel says all of its lines."""
    chart = draw(page, "multiples", PANELS)
    chart.press("Home", "ArrowDown")
    assert chart.said == "Hebei, 2026: baseline 10.0 yuan"
    chart.press("ArrowUp")
    assert chart.said == "Henan, 2026: mine 10.0 yuan, baseline 10.0 yuan"
    chart = draw(page, "stack", STACK)
    chart.press("Home", "ArrowDown")
    assert chart.said == "schools, 2026: 2.00 yuan"


def test_keys_move_from_cell_to_cell(page: Page) -> None:
    """And stop at the edges."""
    chart = draw(page, "heat", HEAT)
    chart.press("ArrowRight", "ArrowRight", "ArrowUp")
    assert chart.said == "Henan, schools: 50%"
    chart.press("ArrowDown", "ArrowLeft", "ArrowLeft")
    assert chart.said == "Hebei, roads: no data"
    assert chart.told[-1] == ["pick", {"row": 1, "column": 0}]
    chart.press("Escape")
    assert chart.told[-1] == ["pick", None]
    chart.update(picked={"row": 0, "column": 2})
    assert chart.shown(".readout text")[0]["text"] == "Henan, skills: 100%"


def test_keys_move_from_tile_to_tile(page: Page) -> None:
    """To the nearest one in their direction; where there is none they stay."""
    chart = draw(page, "tiles", TILES)
    chart.press("ArrowRight")
    assert chart.said == "Henan: 0.250 points"
    chart.press("ArrowUp")
    assert chart.said == "Hebei: 0.750 points"
    chart.press("ArrowUp", "ArrowDown", "ArrowRight")
    assert chart.said == "Taiwan: no data"
    assert chart.told[-1] == ["pick", 2]


def test_a_key_goes_ahead_rather_than_aside(page: Page) -> None:
    """To a tile further away in its direction, before one that is nearer but askew."""
    places = {"A": (0, 0), "B": (1, 1), "C": (2, 0)}
    tiles = [{"code": code, "name": code, "column": x, "row": y, "value": 1.0} for code, (x, y) in places.items()]
    chart = draw(page, "tiles", {"title": "t", "tiles": tiles, "picked": 0})
    chart.press("ArrowRight")
    assert chart.told == [["pick", 2]]


@pytest.mark.parametrize(
    ("kind", "specification", "said"),
    [
        ("sankey", SANKEY, "budget → schools: 10.0 yuan"),
        ("waterfall", WATERFALL, "roads: +4.0 points"),
        ("limits", LIMITS, "air: broken, 30.0, at most 25.0 ug"),
    ],
)
def test_keys_move_from_row_to_row(kind: str, specification: dict[str, object], said: str, page: Page) -> None:
    """Down twice is the second row."""
    chart = draw(page, kind, specification)
    chart.press("ArrowDown", "ArrowDown")
    assert chart.said == said
    assert chart.told == [["pick", 0], ["pick", 1]]


@pytest.mark.parametrize("kind", ALL)
def test_keys_for_the_browser_are_left_to_it(kind: str, page: Page) -> None:
    """Tab leaves the chart, and combinations with control are not ours."""
    chart = draw(page, kind, ALL[kind])
    chart.press("Control+ArrowLeft", "Alt+ArrowLeft", "Tab")
    assert chart.told == []
    assert page.evaluate("document.activeElement === document.body")


def test_the_pointer_moves_the_cursor_and_leaves(page: Page) -> None:
    """It names the nearest line; it says nothing while it moves, and what is under it when it clicks."""
    chart = draw(page, "lines", LINES)
    line = page.locator(".lines path").nth(1)
    box = line.bounding_box()
    assert box is not None
    page.mouse.move(box["x"], box["y"] + box["height"])
    assert chart.told == [["cursor", 0]]
    assert chart.said == ""
    page.mouse.click(box["x"] + box["width"], box["y"])
    assert chart.said == "baseline, 2050: 12.5 yuan"
    page.mouse.move(5, 800)
    assert chart.told[-1] == ["cursor", None]


def test_who_listens_to_the_cursor_decides_when_it_goes(page: Page) -> None:
    """It may be the year that a whole page looks at; where nobody listens, it goes with the pointer."""
    chart = draw(page, "lines", LINES)
    chart.press("Home", "Escape")
    assert len(chart.shown(".dots circle")) == 2
    chart.update(cursor=None)
    assert chart.shown(".dots circle") == []
    chart.press("Escape")
    assert chart.told == [["cursor", 0], ["cursor", None]]
    page.evaluate("chart.update({ onCursor: null })")
    chart.press("Home", "Escape")
    assert chart.shown(".dots circle") == []


def test_the_pointer_picks_a_cell_a_tile_a_flow(page: Page) -> None:
    """Hovering tells it, a click picks it."""
    chart = draw(page, "heat", HEAT)
    page.locator(".cells rect").nth(4).hover(force=True)
    assert chart.shown(".readout text")[0]["text"] == "Hebei, schools: 25%"
    assert chart.told == []
    page.locator(".cells rect").nth(5).click(force=True)
    assert chart.told == [["pick", {"row": 1, "column": 2}]]
    chart = draw(page, "tiles", TILES)
    page.locator(".tiles rect").nth(1).click(force=True)
    assert chart.told == [["pick", 1]]
    chart = draw(page, "sankey", SANKEY)
    box = page.locator(".nodes rect").nth(2).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] - 4, box["y"] + box["height"] / 2)
    assert chart.told == [["pick", 1]]


@pytest.mark.parametrize("kind", ALL)
def test_axe_finds_nothing(kind: str, page: Page, axe: str) -> None:
    """Of what keeps people out, in a chart with its table written and something under the cursor."""
    chart = draw(page, kind, ALL[kind])
    chart.press("ArrowRight")
    assert chart.table()
    assert findings(page, axe, within="figure") == []
