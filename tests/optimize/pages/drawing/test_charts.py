"""Each chart draws the numbers that it is given, and draws them again when they change."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page
from support.drawing import Drawn, draw, number, points

YEARS = [2026.0, 2030.0, 2040.0, 2050.0]
MINE = {"name": "mine", "role": "mine", "values": [10.0, 14.0, 18.0, 20.0]}
BASELINE = {"name": "baseline", "role": "baseline", "values": [10.0, 11.0, 12.0, 12.5]}
LINES = {"title": "Income", "unit": "yuan", "x": YEARS, "series": [MINE, BASELINE]}
STACK = {
    "title": "Money",
    "unit": "yuan",
    "x": YEARS,
    "series": [
        {"name": "roads", "group": "layout", "values": [1.0, 2.0, 3.0, 4.0]},
        {"name": "schools", "group": "services", "values": [2.0, 2.0, 2.0, 1.0]},
    ],
}
HEAT = {
    "title": "Shares",
    "unit": "%",
    "rows": [{"name": "Henan"}, {"name": "Hebei"}],
    "columns": [{"name": "roads"}, {"name": "schools"}, {"name": "skills"}],
    "values": [0.0, 50.0, 100.0, None, 25.0, 75.0],
}
TILES = {
    "title": "Index",
    "unit": "points",
    "tiles": [
        {"code": "HA", "name": "Henan", "column": 3, "row": 2, "value": 0.25},
        {"code": "HE", "name": "Hebei", "column": 3, "row": 1, "value": 0.75},
        {"code": "TW", "name": "Taiwan", "column": 5, "row": 2, "value": None},
    ],
}
SANKEY = {
    "title": "Flows",
    "unit": "yuan",
    "nodes": [{"name": "budget"}, {"name": "roads"}, {"name": "schools"}],
    "links": [{"source": 0, "target": 1, "value": 30.0}, {"source": 0, "target": 2, "value": 10.0}],
}
WATERFALL = {
    "title": "Gain",
    "unit": "points",
    "start": {"name": "baseline", "value": 10.0},
    "steps": [{"name": "roads", "value": 4.0}, {"name": "schools", "value": -2.0}],
    "end": {"name": "optimum", "value": 12.0},
}
LIMITS = {
    "title": "Limits",
    "limits": [
        {
            "name": "debt",
            "value": 80.0,
            "bound": 100.0,
            "kind": "at_most",
            "unit": "yuan",
            "distance": 20.0,
            "state": "holds",
        },
        {
            "name": "air",
            "value": 30.0,
            "bound": 25.0,
            "kind": "at_most",
            "unit": "ug",
            "distance": -5.0,
            "state": "broken",
        },
        {
            "name": "budget",
            "value": 5.0,
            "bound": 5.0,
            "kind": "equals",
            "unit": "yuan",
            "distance": 0.0,
            "state": "reached",
        },
    ],
}
PANELS = {
    "title": "Provinces",
    "unit": "yuan",
    "x": YEARS,
    "panels": [{"name": "Henan", "series": [MINE, BASELINE]}, {"name": "Hebei", "series": [BASELINE]}],
}
ALL: dict[str, dict[str, Any]] = {
    "lines": LINES,
    "multiples": PANELS,
    "stack": STACK,
    "heat": HEAT,
    "tiles": TILES,
    "sankey": SANKEY,
    "waterfall": WATERFALL,
    "limits": LIMITS,
}


def heights(chart: Drawn, selector: str, at: int) -> list[float]:
    """The numbers that a path stands at, read from its place between the marks of the axis."""
    slope, constant = chart.vertical()
    return [(y - constant) / slope for _, y in points(chart.shown(selector)[at]["d"])]


# --- what is drawn ----------------------------------------------------------------------------------------------------


def test_lines_stand_where_their_numbers_are(page: Page) -> None:
    """In the picture, within a tenth of a pixel, and in the table; points in time too."""
    chart = draw(page, "lines", LINES)
    for at, one in enumerate(LINES["series"]):
        assert heights(chart, ".lines path", at) == pytest.approx(one["values"], abs=0.02)
    places = [x for x, _ in points(chart.shown(".lines path")[0]["d"])]
    assert [(x - places[0]) / (places[-1] - places[0]) for x in places] == pytest.approx(
        [(year - 2026) / 24 for year in YEARS], abs=0.001
    )
    assert chart.table() == [
        ["year", "mine", "baseline"],
        ["2026", "10.0", "10.0"],
        ["2030", "14.0", "11.0"],
        ["2040", "18.0", "12.0"],
        ["2050", "20.0", "12.5"],
    ]


def test_lines_are_named_at_their_ends_with_their_last_numbers(page: Page) -> None:
    """Without a legend; under a cursor, the numbers of that point."""
    chart = draw(page, "lines", LINES)
    assert [one["text"] for one in chart.shown(".labels text")] == ["20.0mine", "12.5baseline"]
    chart.update(cursor=1)
    assert [one["text"] for one in chart.shown(".labels text")] == ["14.0mine", "11.0baseline"]
    assert len(chart.shown(".dots circle")) == 2
    chart.update(cursor=None)
    assert chart.shown(".dots circle") == []


def test_gaps_are_left_open(page: Page) -> None:
    """A line is parted; the table says that there is no number; a number between gaps is a dot."""
    values = [1.0, None, float("nan"), 2.0]
    chart = draw(page, "lines", {**LINES, "series": [{"name": "a", "role": "mine", "values": values}]})
    assert chart.shown(".lines path")[0]["d"].count("M") == 2
    assert [row[1] for row in chart.table()] == ["a", "1.00", "no data", "no data", "2.00"]
    assert len(chart.shown("circle")) == 2


def test_a_panel_has_its_own_unit_where_axes_are_not_shared(page: Page) -> None:
    """And its own precision; with a shared axis, one for all."""
    panels = [
        {
            "name": "income",
            "unit": "yuan",
            "series": [{"name": "mine", "role": "mine", "values": [1000.0, 2000.0, 3000.0, 4000.0]}],
        },
        {"name": "share", "unit": "%", "series": [{"name": "mine", "role": "mine", "values": [0.1, 0.2, 0.3, 0.4]}]},
    ]
    chart = draw(page, "multiples", {**PANELS, "panels": panels, "shared": False})
    assert ["income (yuan)", "2050", "4,000"] in chart.table()
    assert ["share (%)", "2050", "0.400"] in chart.table()
    assert {"income", "yuan", "4,000", "share", "%", "0.400"} <= {one["text"] for one in chart.shown("text")}
    for at, one in enumerate(panels):
        assert len(points(chart.shown(".lines path")[at]["d"])) == len(one["series"][0]["values"])
    chart.update(shared=True)
    assert ["share", "2050", "0"] in chart.table()


def test_bands_are_as_high_as_their_numbers(page: Page) -> None:
    """The first on top of all; the total in the table and above the names."""
    chart = draw(page, "stack", STACK)
    edges = heights(chart, ".bands path", 0)
    upper, lower = edges[: len(YEARS)], edges[len(YEARS) :][::-1]
    assert upper == pytest.approx([3.0, 4.0, 5.0, 5.0], abs=0.02)
    assert lower == pytest.approx([2.0, 2.0, 2.0, 1.0], abs=0.02)
    assert chart.table()[-1] == ["2050", "4.00", "1.00", "5.00"]
    assert any(one["text"] == "2050: 5.00 total" for one in chart.shown("text"))


def test_bands_are_named_where_they_are_largest(page: Page) -> None:
    """In the band, where a line has room in it; its colour stands before its label, which may be far from it."""
    years = [2026.0 + year for year in range(25)]
    early = [max(0.0, 10.0 - year) for year in range(25)]
    series = [
        {"name": "early", "values": early},
        {"name": "late", "values": early[::-1]},
        {"name": "flat", "values": [0.1] * 25},
    ]
    chart = draw(page, "stack", {**STACK, "x": years, "series": series})
    named = {one["text"]: float(one["x"]) for one in chart.shown(".band-names text")}
    left, right = (float(chart.shown(".vertical-axis line")[0][end]) for end in ("x1", "x2"))
    assert named.keys() == {"early", "late"}
    assert named["early"] < left + (right - left) / 4
    assert named["late"] > right - (right - left) / 4
    bands = [one["fill"] for one in chart.shown(".bands path")]
    assert sorted(one["fill"] for one in chart.shown(".labels .swatch")) == sorted(bands)


def test_cells_are_darker_the_more(page: Page) -> None:
    """Row by row; a cell without a number is hatched, and said to be without."""
    chart = draw(page, "heat", HEAT)
    fills = [one["fill"] for one in chart.shown(".cells rect")]
    assert re.match(r"url\(#hatching", fills[3])
    light = [sum(int(fill[at : at + 2], 16) for at in (1, 3, 5)) for fill in fills if fill.startswith("#")]
    assert light == sorted(light, reverse=True) or light[0] > light[3] > light[1] > light[4] > light[2]
    assert chart.table() == [
        ["name", "roads", "schools", "skills"],
        ["Henan", "0", "50", "100"],
        ["Hebei", "no data", "25", "75"],
    ]


def test_cells_below_zero_carry_a_dash(page: Page) -> None:
    """Besides their colour, so that both sides are told apart in grey."""
    chart = draw(page, "heat", {**HEAT, "values": [-1.0, 1.0, 0.0, None, -0.5, 0.5], "diverging": True})
    assert sum(one["d"].count("M") for one in chart.shown(".dashes path")) == 2
    chart.update(values=[1.0, 1.0, 0.0, None, 0.5, -0.5])
    assert sum(one["d"].count("M") for one in chart.shown(".dashes path")) == 1


def test_colours_turn_round_where_less_is_better(page: Page) -> None:
    """What is above zero takes the colour that else is below it, in the cells and in the key."""
    given = {**HEAT, "values": [4.0, -4.0, 0.0, 1.0, 2.0, 3.0], "diverging": True}
    plain, turned = (
        [cell["fill"] for cell in draw(page, "heat", {**given, "reversed": reversed_}).shown(".cells rect")]
        for reversed_ in (False, True)
    )
    assert plain[:2] == turned[1::-1]
    assert plain != turned


def test_tiles_lie_where_their_columns_and_rows_are(page: Page) -> None:
    """With code and number; one without a number is hatched."""
    chart = draw(page, "tiles", TILES)
    henan, hebei, taiwan = chart.shown(".tiles rect")
    size = float(henan["y"]) - float(hebei["y"])
    assert henan["x"] == hebei["x"]
    assert float(taiwan["x"]) - float(henan["x"]) == pytest.approx(2 * size)
    assert taiwan["fill"].startswith("url(")
    assert [one["text"] for one in chart.shown(".codes text")] == ["HA", "HE", "TW"]
    assert [one["text"] for one in chart.shown(".numbers text")] == ["0.250", "0.750", ""]
    assert chart.table()[1:] == [["Henan", "0.250"], ["Hebei", "0.750"], ["Taiwan", "no data"]]


def test_small_tiles_keep_the_sign_of_what_is_below_zero(page: Page) -> None:
    """Where numbers do not fit, so that both sides of zero are told apart in grey."""
    tiles = [{**tile, "value": value} for tile, value in zip(TILES["tiles"], (-12.5, 12.5, None), strict=True)]
    chart = draw(page, "tiles", {**TILES, "tiles": tiles, "diverging": True, "width": 80})
    assert [one["text"] for one in chart.shown(".numbers text")] == ["\N{MINUS SIGN}", "", ""]
    chart.update(width=400)
    assert [one["text"] for one in chart.shown(".numbers text")] == ["\N{MINUS SIGN}12.5", "12.5", ""]


def test_ribbons_are_as_wide_as_what_flows(page: Page) -> None:
    """And nodes as high as what comes or goes."""
    chart = draw(page, "sankey", SANKEY)
    wide, narrow = (float(one["stroke-width"]) for one in chart.shown(".ribbons path"))
    assert wide / narrow == pytest.approx(3.0, rel=0.02)
    assert float(chart.shown(".nodes rect")[0]["height"]) == pytest.approx(wide + narrow, abs=0.3)
    assert [one["text"] for one in chart.shown(".labels text")] == ["40.0budget", "30.0roads", "10.0schools"]
    assert chart.table()[1:] == [["budget", "roads", "30.0"], ["budget", "schools", "10.0"]]


def test_flows_below_zero_are_said_to_be_left_out(page: Page) -> None:
    """A ribbon has no width below zero; the table has the number."""
    links = [SANKEY["links"][0], {"source": 0, "target": 2, "value": -10.0}]
    chart = draw(page, "sankey", {**SANKEY, "links": links})
    assert len(chart.shown(".ribbons path")) == 1
    assert chart.shown(".readout text")[0]["text"] == "Not drawn, since they are below zero: 1"
    assert chart.table()[2] == ["budget", "schools", "\N{MINUS SIGN}10.0"]


def test_steps_go_from_one_total_to_the_next(page: Page) -> None:
    """Those that go down are hatched and signed."""
    chart = draw(page, "waterfall", WATERFALL)
    start, roads, schools, end = chart.shown(".bars rect")
    right = float(roads["x"]) + float(roads["width"])
    assert float(start["x"]) + 2 == pytest.approx(float(roads["x"]), abs=0.2)
    assert float(schools["x"]) + float(schools["width"]) == pytest.approx(right, abs=0.2)
    assert float(end["x"]) + 2 == pytest.approx(float(schools["x"]), abs=0.2)
    assert float(roads["width"]) == pytest.approx(2 * float(schools["width"]), abs=0.2)
    assert schools["fill"].startswith("url(")
    assert [one["text"] for one in chart.shown(".numbers text")] == ["10.0", "+4.0", "\N{MINUS SIGN}2.0", "12.0"]


def test_small_steps_between_large_totals_are_told(page: Page) -> None:
    """With the digits of the way between the totals, and not of these."""
    steps = [{"name": "roads", "value": 0.02}, {"name": "schools", "value": -0.004}]
    ends = {"start": {"name": "baseline", "value": 80.0}, "end": {"name": "optimum", "value": 80.016}}
    chart = draw(page, "waterfall", {**WATERFALL, **ends, "steps": steps})
    assert [row[2] for row in chart.table()[1:]] == ["80.0000", "+0.0200", "−0.0040", "80.0160"]


def test_what_steps_leave_unexplained_is_a_row(page: Page) -> None:
    """Nothing is missing in silence; sums that miss by rounding only are whole."""
    chart = draw(page, "waterfall", {**WATERFALL, "end": {"name": "optimum", "value": 13.0}})
    assert ["not explained", "", "+1.0"] in chart.table()
    tenths = {"start": {"name": "a", "value": 0.0}, "end": {"name": "b", "value": 0.3}}
    chart = draw(
        page, "waterfall", {**WATERFALL, **tenths, "steps": [{"name": "c", "value": 0.1}, {"name": "d", "value": 0.2}]}
    )
    assert len(chart.table()) == 5


def test_limits_stand_at_their_distance(page: Page) -> None:
    """In per cent of their bounds, on the side of the bound that they are on, each state with a shape of its own."""
    chart = draw(page, "limits", LIMITS)
    marks = [
        (number(one["text"]), float(one["x"]))
        for one in chart.shown(".horizontal-axis text[text-anchor=middle]")
        if one["text"]
    ]
    (low, at_low), (high, at_high) = marks[0], marks[-1]
    places = [float(re.search(r"translate\(([\d.]+)", one["transform"])[1]) for one in chart.shown(".marks path")]  # type: ignore[index]
    shares = [low + (x - at_low) / (at_high - at_low) * (high - low) for x in places]
    assert shares == pytest.approx([20.0, -20.0, 0.0], abs=0.1)
    assert len({one["d"] for one in chart.shown(".marks path")}) == 3
    assert chart.table()[2] == ["air", "30.0", "at most 25.0 ug", "\N{MINUS SIGN}5.0", "broken"]


def test_what_lies_far_beyond_a_bound_stands_at_the_end_of_the_axis(page: Page) -> None:
    """With its number beside its name."""
    far = {
        **LIMITS["limits"][0],
        "value": 1.0,
        "bound": 100.0,
        "kind": "at_least",
        "distance": -9900.0,
        "state": "broken",
    }
    chart = draw(page, "limits", {**LIMITS, "limits": [far]})
    marks = [one for one in chart.shown(".horizontal-axis text[text-anchor=middle]") if one["text"]]
    assert marks[0]["text"] == "\N{MINUS SIGN}100"
    assert f"translate({marks[0]['x']} " in chart.shown(".marks path")[0]["transform"]


# --- what changes -----------------------------------------------------------------------------------------------------


def test_an_update_moves_what_changed(page: Page) -> None:
    """And the table follows by itself, once the page is idle."""
    chart = draw(page, "lines", LINES)
    before = chart.shown(".lines path")
    chart.update(series=[{**MINE, "values": [10.0, 13.0, 16.0, 19.0]}, BASELINE])
    assert heights(chart, ".lines path", 0) == pytest.approx([10.0, 13.0, 16.0, 19.0], abs=0.02)
    assert chart.shown(".lines path")[1] == before[1]
    page.wait_for_function(
        "document.querySelector('tbody tr:last-child')?.cells[1].textContent === '19.0'", timeout=3000
    )


def test_tables_wait_until_nothing_changes_any_more(page: Page) -> None:
    """They cost more than a frame has: they are left as they are while a slider moves (and the machine keeps up)."""
    draw(page, "lines", LINES)
    written, longest = page.evaluate(
        """async ([series, turns]) => {
          const [counts, times] = [[], [performance.now()]];
          for (let turn = 0; turn < turns; turn++) {
            const moved = ({ values, ...one }) => ({ ...one, values: values.map((value) => value + turn) });
            chart.update({ series: series.map(moved) });
            await new Promise((done) => setTimeout(done, 20));
            counts.push(chart.node.querySelectorAll("tbody tr").length);
            times.push(performance.now());
          }
          return [Math.max(...counts), Math.max(...times.slice(1).map((time, at) => time - times[at]))];
        }""",
        [[MINE, BASELINE], 40],
    )
    assert written == 0 or longest > 200
    page.wait_for_function("chart.node.querySelectorAll('tbody tr').length === 4", timeout=5000)


@pytest.mark.parametrize("kind", ALL)
def test_an_update_without_a_change_touches_nothing(kind: str, page: Page) -> None:
    """Not an attribute of an element."""
    draw(page, kind, ALL[kind])
    touched = page.evaluate(
        """async (specification) => {
          await new Promise((done) => setTimeout(done, 400));
          const seen = new MutationObserver(() => {});
          seen.observe(chart.node, { subtree: true, attributes: true, childList: true, characterData: true });
          chart.update(specification);
          return seen.takeRecords().length;
        }""",
        ALL[kind],
    )
    assert touched == 0


@pytest.mark.parametrize("kind", ["lines", "multiples", "stack"])
def test_other_numbers_make_no_new_elements(kind: str, page: Page) -> None:
    """A slider that is dragged moves what is there."""
    chart = draw(page, kind, ALL[kind])
    page.evaluate("chart.node.querySelectorAll('*').forEach((node) => (node.before = true))")
    larger = [{**MINE, "values": [9.0, 15.0, 15.5, 19.0]}, BASELINE]
    changes = (
        {"panels": [{"name": "Henan", "series": larger}, PANELS["panels"][1]]}
        if kind == "multiples"
        else {"series": larger}
    )
    chart.update(**changes)
    assert page.evaluate("[...chart.node.querySelectorAll('svg *')].filter((node) => !node.before).length") == 0


def test_an_axis_stands_still_while_numbers_fit(page: Page) -> None:
    """It grows when they do not, and shrinks when they fill less than half of it."""
    chart = draw(page, "lines", LINES)

    def marks() -> list[str]:
        return [one["text"] for one in chart.shown(".vertical-axis text[text-anchor=end]")]

    before = marks()
    chart.update(series=[{**MINE, "values": [10.0, 14.0, 16.0, 17.0]}])
    assert marks() == before
    chart.update(series=[{**MINE, "values": [10.0, 14.0, 16.0, 47.0]}])
    assert marks() != before
    assert number(marks()[-1]) >= 47.0
    chart.update(series=[{**MINE, "values": [1.0, 1.4, 1.6, 1.7]}])
    assert number(marks()[-1]) < 4.0


def test_other_sizes_other_lists(page: Page) -> None:
    """What is not needed any more is not shown; what is missing is added."""
    chart = draw(page, "lines", LINES)
    chart.update(width=390, series=[MINE])
    assert len(chart.shown(".lines path")) == 1
    assert page.locator("figure > svg").get_attribute("width") == "390"
    chart.update(series=[MINE, BASELINE, {**MINE, "name": "third", "role": "even"}])
    assert len(chart.shown(".lines path")) == 3
    assert [len(row) for row in chart.table()] == [4] * 5


# --- words and units --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_a_chart_tells_its_unit(kind: str, page: Page) -> None:
    """In the picture, and in the caption of its table."""
    chart = draw(page, kind, ALL[kind])
    unit = "room left, % of the bound" if kind == "limits" else ALL[kind]["unit"]
    assert unit in [one["text"] for one in chart.shown("text")]
    chart.table()
    caption = page.locator("caption").text_content()
    assert caption == (ALL[kind]["title"] if kind == "limits" else f"{ALL[kind]['title']} ({unit})")


@pytest.mark.parametrize("kind", ["lines", "multiples", "stack"])
def test_time_has_a_unit_too(kind: str, page: Page) -> None:
    """Years, or what the model counts in."""
    chart = draw(page, kind, ALL[kind])
    assert "year" in [one["text"] for one in chart.shown(".horizontal-axis text")]
    chart.update(xUnit="month")
    assert "month" in [one["text"] for one in chart.shown(".horizontal-axis text")]


@pytest.mark.parametrize("kind", ["lines", "stack"])
def test_points_in_time_may_have_names(kind: str, page: Page) -> None:
    """Where one of them is told: in the table and for the ear; the axis keeps its numbers."""
    names = ["2026", "2030", "2040", "end of 2049"]
    specification = {"lines": LINES, "stack": STACK}[kind]
    chart = draw(page, kind, {**specification, "pointNames": names})
    assert [row[0] for row in chart.table()[1:]] == names
    chart.press("End")
    assert "end of 2049" in chart.said


def test_numbers_without_a_unit_are_told_to_have_none(page: Page) -> None:
    """On the axis; not behind every number."""
    chart = draw(page, "lines", {**LINES, "unit": "Dmnl"})
    assert "no unit" in [one["text"] for one in chart.shown(".vertical-axis text")]
    chart.press("ArrowRight")
    assert chart.said == "mine, 2050: 20.0"


@pytest.mark.parametrize(
    ("values", "unit", "last"),
    [
        ([1e9, 2e9, 3e9, 4.5e9], "billion yuan", "4.50"),
        ([1e-9, 2e-9, 3e-9, 4.5e-9], "×10⁻⁹ yuan", "4.50"),
        ([0.1, 0.2, 0.3, 1234.5], "yuan", "1,235"),
        ([100.01, 100.02, 100.03, 100.05], "yuan", "100.050"),
    ],
)
def test_numbers_are_told_with_as_many_digits_as_tell_them_apart(
    values: list[float], unit: str, last: str, page: Page
) -> None:
    """In one precision and one unit a chart."""
    chart = draw(page, "lines", {**LINES, "series": [{**MINE, "values": values}]})
    assert unit in [one["text"] for one in chart.shown(".vertical-axis text")]
    column = [row[1] for row in chart.table()[1:]]
    assert column[-1] == last
    assert len({len(text.partition(".")[2]) for text in column}) == 1


def test_chinese(page: Page) -> None:
    """What charts say themselves, and how they count."""
    chart = draw(
        page, "lines", {**LINES, "language": "zh", "unit": "元", "series": [{**MINE, "values": [1e8, 2e8, 3e8, None]}]}
    )
    assert "亿 元" in [one["text"] for one in chart.shown(".vertical-axis text")]
    assert chart.table()[0][0] == "年"
    assert chart.table()[-1] == ["2050", "无数据"]


def test_words_can_be_replaced(page: Page) -> None:
    """By those of the page."""
    chart = draw(page, "tiles", {**TILES, "words": {"no_data": "nothing known"}})
    assert chart.table()[-1] == ["Taiwan", "nothing known"]
