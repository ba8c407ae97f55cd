"""Names, units and times of a result in a language."""

from __future__ import annotations

import pytest

from optimize.headlines.names import Names
from optimize.results.voice import Voice
from sd_models.errors import InvalidRequest

NAMES = Names(
    {
        "public investment": {"en": "Public investment", "zh": "公共投资"},
        "gdp a head": {"en": "Output a head", "zh": "人均产出"},
        "henan": {"en": "Henan", "zh": "河南"},
        "land rights": {"en": "Land rights", "zh": "土地权益"},
        "floor": {"en": "Floor", "zh": "下限要求"},
        "mt/year": {"en": "Mt a year", "zh": "百万吨每年"},
    }
)
ENGLISH, CHINESE = Voice("en", NAMES), Voice("zh", NAMES)


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("Public Investment", "Public investment", "公共投资"),
        ("floor[Henan, land rights]", "Floor: Henan, Land rights", "下限要求：河南、土地权益"),
        ("largest rise of public investment", "Largest rise of public investment", "公共投资的最大增幅"),
        ("lower bound of public investment[Henan]", "Lower bound of public investment: Henan", "公共投资的下限：河南"),
        ("floor (2)", "Floor (2)", "下限要求（2）"),
        ("no such name", "no such name", "no such name"),
        ("no such name[Henan]", "no such name: Henan", "no such name：河南"),
    ],
)
def test_names_of_all_that_a_result_shows(name: str, english: str, chinese: str) -> None:
    """Variables, limits and what a plan says of levers, with their elements; what nobody named keeps its name."""
    assert ENGLISH.name(name) == english
    assert CHINESE.name(name) == chinese


def test_a_name_inside_a_sentence_begins_no_line() -> None:
    """A place keeps its capital letter, and so does what nobody named."""
    assert [ENGLISH.inline(name) for name in ("public investment", "Henan", "GDP a head", "Mine")] == [
        "public investment",
        "Henan",
        "output a head",
        "Mine",
    ]


def test_units_of_the_table_come_first() -> None:
    """Else they are said by their parts."""
    assert ENGLISH.unit("Mt/Year").english == "Mt a year"
    assert CHINESE.unit("trillion yuan/Year").of("zh") == "万亿元/年"
    assert CHINESE.people_unit("thousand yuan a person and year") == "千元/（人·年）"


def test_there_are_two_languages() -> None:
    """Others are refused by name."""
    with pytest.raises(InvalidRequest, match="'fr'"):
        Voice("fr", NAMES).name("x")
