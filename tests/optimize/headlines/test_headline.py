"""Headlines stand in a table beside the model, whose every row is checked against it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.tables import Tables

import optimize as opt
import sd_models as sd
from optimize.headlines.headline import Headline, headlines
from optimize.headlines.scales import factor_between
from sd_models.errors import InvalidRequest

HEAD = "variable,unit,factor,en,zh,better,by\n"
BAD = [
    ("poeple,people,1,P,人,,", "line 2: there is no variable 'poeple'. Did you mean 'people'"),
    ("births,million people a year,1,B,生,,", "'' stands under 'by' of 'births'. Write 'region', its dimension."),
    ("income,yuan a person and year,1000,I,入,more,region", "'region' stands under 'by' of 'income'. Write nothing"),
    ("share,%,100,S,比,,region", "'share' has 2 dimensions (region, kind); a headline has one at most. Add a variable"),
    ("effect,%,100,S,比,,", "'effect' is a table, which has no value over time."),
    ("income,yuan a person and year,1,I,入,,", "times 1 is not 'yuan a person and year'. Write the factor 1000."),
    ("income,million people,1,I,入,,", "'income' is measured in 'thousand yuan/(person*Year)', which is no 'million"),
    ("income,coins,1e400,I,入,,", "the factor '1e400' is no number other than 0."),
    ("income,coins,0,I,入,,", "the factor '0' is no number other than 0."),
    ("income,coins,much,I,入,,", "the factor 'much' is no number other than 0."),
    ("income,coins,1,I,入,higher,", "'higher' stands under 'better'. Write more, less, or nothing."),
    ("income,coins,1,,入,,", "'en' is empty."),
    ("income,coins,1,I,,,", "'zh' is empty."),
    (",coins,1,I,入,,", "'variable' is empty."),
    ("income,coins,1,I,入,,\nIncome,coins,1,J,入,,", "'Income' stands in line 2 already."),
    ("all_people,coins,1,I,入,,\nAll people,coins,1,J,入,,", "'All people' stands in line 2 already."),
    ("", "holds no headline."),
]
MODELS = {name: sd.load(name) for name in sd.library()}
LIBRARY = [(name, headline) for name, system in MODELS.items() for headline in headlines(system)]


def test_a_model_without_a_table_has_none(tables: Tables) -> None:
    """Nor has one that was not read from a file."""
    system = tables()
    assert headlines(system) == headlines(replace(system, path=None)) == ()


def test_rows_become_headlines_in_their_order(tables: Tables) -> None:
    """Under the modeller's names; quotes, markup and Chinese are text."""
    rows = ['"say ""</script>""",thousand yuan,.001,"a ""b"" <i>","引号“”",less,', "人口,people,1,People,人口,more,"]
    found = headlines(tables(headlines=HEAD + "\n".join([*rows, "PEOPLE,million people,1,P,人,,region"])))
    assert found == (
        Headline('"say \\"</script>\\""', "thousand yuan", 0.001, 'a "b" <i>', "引号“”", "less"),
        Headline("人口", "people", 1, "People", "人口", "more"),
        Headline("people", "million people", 1, "P", "人", "", "region"),
    )


@pytest.mark.parametrize(("rows", "found"), BAD)
def test_a_row_that_does_not_fit_is_refused(rows: str, found: str, tables: Tables) -> None:
    """With its line, what was found, and what to write."""
    with pytest.raises(InvalidRequest) as caught:
        headlines(tables(headlines=HEAD + rows))
    text = str(caught.value).replace("headlines.csv:", "line ")
    assert found in text


def test_models_of_one_folder_may_have_tables_of_their_own(tables: Tables) -> None:
    """The table with the model's name goes first; one for other models is left to them."""
    other, own = HEAD + "tractors,pieces,1,Tractors,拖拉机,,", HEAD + "people,million people,1,People,人口,,region"
    system = tables(**{"headlines": other, "model.headlines": own})
    assert [headline.variable for headline in headlines(system)] == ["people"]


def test_everything_wrong_is_told_at_once(tables: Tables) -> None:
    """A fault for each, with its line."""
    with pytest.raises(InvalidRequest) as caught:
        headlines(tables(headlines=HEAD + "poeple,people,1,P,人,,\nincome,coins,0,I,入,up,\n"))
    assert [fault.line for fault in caught.value.faults] == [2, 3, 3]


def test_a_column_that_is_misspelt_is_refused(tables: Tables) -> None:
    """Before any row is read."""
    with pytest.raises(InvalidRequest, match=r"no column 'units'. Did you mean 'unit'"):
        headlines(tables(headlines=HEAD.replace("unit", "units") + "income,coins,1,I,入,,"))


@pytest.mark.parametrize("model", sd.library())
def test_a_library_model_has_headlines_of_all_regions_and_by_region(model: str) -> None:
    """Also with other regions; the same outcome carries the same name, and is better in the same direction."""
    found = headlines(MODELS[model])
    assert {headline.by for headline in found} == {"", "province"}
    nation, regions = ({h.english: h.better for h in found if bool(h.by) is by} for by in (False, True))
    assert len(nation) + len(regions) == len(found)
    shared = set(nation) & set(regions)
    assert {name: nation[name] for name in shared} == {name: regions[name] for name in shared}
    assert len(shared) >= 3


def test_other_regions_have_the_same_headlines() -> None:
    """The table is about the model, not about its data."""
    assert headlines(sd.load("common_prosperity", regions="macro")) == headlines(MODELS["common_prosperity"])


@pytest.mark.parametrize(("model", "headline"), LIBRARY, ids=lambda given: getattr(given, "variable", given))
def test_the_factor_of_a_library_headline_is_told_by_the_units(model: str, headline: Headline) -> None:
    """There is no unit among them of which one has to believe the table."""
    system = MODELS[model]
    assert factor_between(system[headline.variable].unit, headline.unit, system.unit_synonyms) == headline.factor


@pytest.mark.parametrize("model", sd.library())
def test_a_wrong_factor_in_a_library_table_would_be_noticed(model: str, tmp_path: Path) -> None:
    """Whichever row has it."""
    folder = tmp_path / model
    shutil.copytree(MODELS[model].path.parent, folder, ignore=shutil.ignore_patterns("*.png", "*.py"))
    lines = (folder / "headlines.csv").read_text(encoding="utf-8").splitlines()
    wrong = [line.split(",") for line in lines[1:]]
    rows = [",".join([*row[:2], str(float(row[2]) * 10), *row[3:]]) for row in wrong]
    (folder / "headlines.csv").write_text("\n".join([lines[0], *rows]), encoding="utf-8")
    with pytest.raises(InvalidRequest) as caught:
        headlines(sd.load(folder / "model.mdl"))
    assert [fault.line for fault in caught.value.faults] == list(range(2, len(lines) + 1))


def test_the_public_function_reads_the_table() -> None:
    """Without a run."""
    system = MODELS["common_prosperity"]
    assert opt.headline_outcomes(system) == headlines(system)
