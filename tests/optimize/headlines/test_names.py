"""What people call the parts of a model, in two languages, and where places stand."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from support.tables import Tables

import optimize as opt
import sd_models as sd
from optimize.headlines.names import LANGUAGES, Names, Tile, names
from sd_models.errors import InvalidRequest

HEAD = "name,kind,en,zh,grid,code,column,row\n"
BAD = [
    ("poeple,variable,P,人,,,,", "names.csv:2: the model has no variable 'poeple'. Did you mean 'people'"),
    ("regoin,dimension,R,区,,,,", "the model has no dimension 'regoin'. Did you mean 'region'"),
    ("people,varaible,P,人,,,,", "there is no kind 'varaible'. Did you mean 'variable'?"),
    ("people,,P,人,,,,", "'kind' is empty."),
    ("north,element,N,,,,,", "'zh' is empty."),
    ("north,element,N,北,g,N,1,", "'row' is empty."),
    ("north,element,N,北,g,N,0,1", "the column '0' is no whole number from 1 to 1000."),
    ("north,element,N,北,g,N,1,1.5", "the row '1.5' is no whole number from 1 to 1000."),
    ("north,element,N,北,g,N,1,²", "the row '²' is no whole number from 1 to 1000."),
    ("people,variable,P,人,g,N,1,1", "a variable stands on no grid. Leave grid, code, column, row empty."),
    ("north,element,N,北,g,N,1,1\nsouth,element,S,南,g,S,1,1", "'south' has the column and row of 'north'."),
    ("north,element,N,北,g,N,1,1\nsouth,element,S,南,g,N,1,2", "'south' has the code of 'north'."),
    ("north,element,N,北,,,,\nNorth,element,N,北,,,,", "'North' stands in line 2 already."),
]


def test_a_name_is_its_own_where_nobody_said(tables: Tables) -> None:
    """Also without a table."""
    for called in (Names(), names(tables()), names(tables(names=HEAD))):
        assert [called.of('"a" </script>', language) for language in LANGUAGES] == ['"a" </script>'] * 2
        assert called.tiles(["north"]) == ()


def test_names_are_told_in_two_languages(tables: Tables) -> None:
    """However their case and blanks are written; the columns of the grid may lack."""
    text = 'name,kind,en,zh\n人口,variable,"a ""b"" <i>",人口\nnorth,element,=North,北\nall_people,variable,All,全部\n'
    called = names(tables(names=text))
    assert (called.of("人口", "en"), called.of("NORTH", "zh"), called.of("All people", "en")) == (
        'a "b" <i>',
        "北",
        "All",
    )
    assert called.of("north", "en") == "=North"


def test_headlines_name_their_variables(tables: Tables) -> None:
    """Unless the table of names says otherwise."""
    rows = "income,coins,1,Income,收入,,\npeople,million people,1,People,人口,,region\n"
    head = "variable,unit,factor,en,zh,better,by\n"
    called = names(tables(headlines=head + rows, names=HEAD + "people,variable,Residents,居民,,,,\n"))
    assert (called.of("income", "zh"), called.of("people", "en")) == ("收入", "Residents")


def test_a_language_that_there_is_not_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(InvalidRequest, match=r"no language 'fr'. Ask for en or zh"):
        Names().of("people", "fr")


@pytest.mark.parametrize(("rows", "found"), BAD)
def test_a_row_that_does_not_fit_is_refused(rows: str, found: str, tables: Tables) -> None:
    """With its line, what was found, and what to write."""
    with pytest.raises(InvalidRequest) as caught:
        names(tables(names=HEAD + rows))
    assert found in str(caught.value)


def test_tiles_are_those_of_the_grid_that_has_all_elements(tables: Tables) -> None:
    """With the others of the same grid, for which there are no data; two grids may have the same places."""
    rows = "north,element,N,北,g,N,1,1\nwest,element,W,西,g,W,1,2\nsouth,element,S,南,h,N,1,1\n"
    called = names(tables(names=HEAD + rows))
    assert called.tiles(["NORTH"]) == (Tile("north", "N", 1, 1), Tile("west", "W", 1, 2))
    assert called.tiles(["north", "south"]) == called.tiles([]) == ()


# --- the library ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", sd.library())
def test_all_that_people_meet_has_a_name_in_both_languages(model: str) -> None:
    """Dimensions, elements, levers and limits of the plan, units of headlines; Chinese ones in Chinese."""
    system = sd.load(model)
    plan, found = opt.load_plan(model), opt.headline_outcomes(system)
    met = [*system.dimensions, *(element for d in system.dimensions.values() for element in d.elements)]
    met += [*(lever.variable for lever in plan.levers), *(limit.name for limit in plan.limits)]
    met += [*(headline.unit for headline in found), *(headline.variable for headline in found)]
    called = names(system)
    chinese = re.compile("[一-鿿]|^%$")
    assert not [name for name in met if not chinese.search(called.of(name, "zh"))]
    assert not [name for name in met if not called.of(name, "en").isprintable()]


def test_tables_of_the_library_hold_no_name_that_nobody_uses() -> None:
    """An element, limit or unit that neither data nor plan nor headlines have would be a slip of the pen."""
    system, plan = sd.load("common_prosperity"), opt.load_plan("common_prosperity")
    regions = [*system.dimensions["province"].elements, "Taiwan", "Hong Kong", "Macao"]
    regions += sd.load("common_prosperity", regions="macro").dimensions["province"].elements
    elements = [e for name, d in system.dimensions.items() if name != "province" for e in d.elements] + regions
    units = {headline.unit for headline in opt.headline_outcomes(system)} | {system["public investment"].unit}
    known = {"element": {*elements}, "limit": {limit.name for limit in plan.limits}, "unit": units}
    table = Path(system.path or "").with_name("names.csv")
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert not [row["name"] for row in rows if row["name"] not in known.get(row["kind"], {row["name"]})]


@pytest.mark.parametrize("model", sd.library())
def test_provinces_stand_on_the_grid_of_china(model: str) -> None:
    """Ten columns and eleven rows; Taiwan, Hong Kong and Macao among them, without data."""
    system = sd.load(model)
    provinces = system.dimensions["province"].elements
    tiles = names(system).tiles(provinces)
    assert {tile.name for tile in tiles} - set(provinces) == {"Taiwan", "Hong Kong", "Macao"}
    assert len(tiles) == 34
    assert (max(tile.column for tile in tiles), max(tile.row for tile in tiles)) == (10, 11)
    assert all(len(tile.code) == 2 and tile.code.isupper() for tile in tiles)


def test_macro_regions_stand_on_a_grid_of_their_own() -> None:
    """Four tiles, West to East, and the Northeast above."""
    system = sd.load("common_prosperity", regions="macro")
    tiles = names(system).tiles(system.dimensions["province"].elements)
    assert {tile.code: (tile.column, tile.row) for tile in tiles} == {
        "WE": (1, 2),
        "CE": (2, 2),
        "EA": (3, 2),
        "NE": (3, 1),
    }
