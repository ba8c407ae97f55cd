"""Tables of an explanation: through what stocks work, and names in English and Chinese."""

from __future__ import annotations

from dataclasses import replace

import pytest
import xarray as xr
from support import islands

import optimize as opt
from optimize.explanation.explanation import Explanation
from optimize.explanation.marginal import Amount
from optimize.explanation.spoken import spoken, spoken_text
from optimize.explanation.tables import MOST_EFFECTS, headline, tables
from optimize.results.tables import Table
from optimize.results.voice import Voice
from sd_models.errors import InvalidRequest


@pytest.fixture(scope="module")
def urban(urbanization_result: opt.Result) -> Explanation:
    """An explanation of a model with a table of names."""
    return opt.explain(urbanization_result)


@pytest.fixture(scope="module")
def plain(islands_result: opt.Result) -> Explanation:
    """An explanation of a model without any table beside it."""
    return opt.explain(islands_result)


def test_stocks_most_worth_are_taken_apart(plain: Explanation) -> None:
    """By effect, the largest first; shares are of all parts of a stock, and nothing is left out."""
    table = next(one for one in tables(plain) if one.title.startswith("Through what these stocks work"))
    assert table.headers == ("", "through", "part", "share")
    stocks = [row[0] for row in table.rows if row[0]]
    assert stocks[0] == "capital"
    names = [*map(str, plain.value.through["capital"]["effect"].to_numpy()), "itself"]
    assert all(row[1] in names or row[1].endswith("others") for row in table.rows[: MOST_EFFECTS + 1])
    assert sum(abs(plain.value.shares("capital").isel(time=0))).item() == pytest.approx(1.0)


def test_loops_of_worth_are_told(plain: Explanation) -> None:
    """Like those of the run, apart from them."""
    titles = [table.title for table in tables(plain)]
    assert any("carry half of the worth" in title for title in titles)
    assert any("make half of what happens" in title for title in titles)


def test_loops_stand_below_a_header(plain: Explanation) -> None:
    """With words in it."""
    table = next(one for one in tables(plain) if one.title.startswith("These loops"))
    assert table.headers == ("loop", "through")


def test_no_part_of_an_outcome_is_left_out(plain: Explanation) -> None:
    """However many there are: with one missing the others do not add up."""
    margin = plain.marginals
    label = next(iter(margin.targets))
    parts = tuple(f"part of it: {number}" for number in range(6))
    targets = {label: margin.targets[label], **dict.fromkeys(parts, margin.targets[label])}
    worth = xr.concat([margin.worth.sel(outcome=[label]).assign_coords(outcome=[name]) for name in targets], "outcome")
    many = replace(plain, marginals=replace(margin, targets=targets, parts=parts, worth=worth))
    table = next(one for one in tables(many) if "with nothing taken away elsewhere" in one.title)
    assert table.headers[2:] == tuple(str(number) for number in range(6))


def test_the_end_is_told_as_people_say_it(urban: Explanation) -> None:
    """The horizon's last period ends when 2040 does."""
    told = [text for table in tables(urban) for text in (*table.headers, *(cell for row in table.rows for cell in row))]
    assert "end of 2040" in told
    assert "2041" not in told
    chinese = [text for table in tables(urban, "zh") for text in table.headers]
    assert "2040年末" in chinese


def test_what_has_no_unit_is_told_without_one(plain: Explanation) -> None:
    """And not in 1, or in Dmnl; without any unit nothing waits behind a colon."""
    targets = {label: replace(one, unit="Dmnl") for label, one in plain.marginals.targets.items()}
    bare = replace(plain, marginals=replace(plain.marginals, targets=targets))
    titles = [table.title for table in tables(bare) if "with nothing taken away elsewhere" in table.title]
    assert [title.partition("elsewhere, ")[2] for title in titles] == ["by island", "by good", "by time"]
    chinese = [table.title for table in tables(bare, "zh")]
    assert any(title.startswith("spending多") and "island" in title for title in chinese)


def test_more_of_a_level_is_so_much_for_some_time(plain: Explanation) -> None:
    """A rate of tax has no amounts: 0.01 Month of it says nothing to anybody."""
    policy = plain.result.policy.copy()
    policy["spending"] = policy["spending"].assign_attrs(units="Dmnl")
    amounts = {"spending": Amount(0.01, plain.result.time_unit)}
    level = replace(
        plain,
        result=replace(plain.result, policy=policy),
        marginals=replace(plain.marginals, amounts=amounts),
    )
    titles = [table.title for table in tables(level) if "with nothing taken away elsewhere" in table.title]
    assert all(title.startswith("What 0.01 (held for one Year) more of spending would bring") for title in titles)


def test_names_are_those_of_the_table_of_names(urban: Explanation) -> None:
    """In English and Chinese; numbers are the same."""
    english, chinese = tables(urban), tables(urban, "zh")
    assert [len(table.rows) for table in english] == [len(table.rows) for table in chinese]
    for one, other in zip(english, chinese, strict=True):
        for row, again in zip(one.rows, other.rows, strict=True):
            assert row[-1] == again[-1] or not row[-1][-1:].isdigit()
    cells = [text for table in chinese for row in table.rows for text in row]
    told = " ".join((*cells, *(text for table in chinese for text in (table.title, *table.headers))))
    for words in ("省份", "北京", "合计", "占比", "无政策", "反馈回路", "余项"):
        assert words in told
    assert "Where the change comes from" not in told
    assert "without policy" not in told
    assert headline(urban, "zh").startswith("目标：")
    assert "有政策" in headline(urban, "zh")


def test_a_model_without_names_keeps_its_own(plain: Explanation) -> None:
    """Also in Chinese, where only what the tables say of themselves is Chinese."""
    first = tables(plain, "zh")[0]
    assert {row[0] for table in tables(plain, "zh") for row in table.rows} >= {"合计", *islands.ISLANDS}
    assert first.title != tables(plain)[0].title
    with pytest.raises(InvalidRequest, match="no language 'fr'"):
        tables(plain, "fr")


def test_names_that_hold_words_of_tables_stay_names() -> None:
    """`response to release` is no span of times; loops and lists are told name by name."""
    voice = Voice("zh")
    assert spoken_text("response to release", voice) == "response to release"
    assert spoken_text("2026 to 2030", voice) == "2026至2030"
    assert spoken_text("a -> all -> a", voice) == "a -> 合计 -> a"
    table = spoken(Table("By x", ("", "share"), (("  some", "+1.0%"),), 1), voice)
    assert table.rows == (("  some", "+1.0%"),)
    assert replace(table, title="") == Table("", ("", "占比"), (("  some", "+1.0%"),), 1)
