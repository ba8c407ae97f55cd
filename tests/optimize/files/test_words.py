"""Words in two languages, and kept English texts said in the other one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimize.files.words import Words, placeholders, read_words
from sd_models.errors import InvalidRequest

WORDS = Words(
    {
        "flat": {"en": "{name} is flat.", "zh": "{name}无变化。"},
        "flat_there": {"en": "{name} is flat in {place}.", "zh": "{place}的{name}无变化。"},
        "both": {"en": "{one}: {one} or rather {two}", "zh": "{two}、{one}"},
        "bare": {"en": "{name}", "zh": "{name}！"},
    }
)


def test_a_kept_text_is_found_by_its_form() -> None:
    """The form with most letters of its own first; values are translated too; what has no form stays as it is."""
    assert (
        WORDS.translated("land is flat in Henan.", "zh", {"Henan": "河南", "land": "土地"}.__getitem__)
        == "河南的土地无变化。"
    )
    assert WORDS.translated("a: a or rather b", "zh") == "b、a"
    assert WORDS.translated("a: c or rather b", "zh") == "a: c or rather b"
    assert WORDS.translated("anything", "zh") == "anything"
    assert WORDS.translated("land is flat.", "en") == "land is flat."


@given(st.text(min_size=1))
def test_values_are_text_and_nothing_else(name: str) -> None:
    """Braces, line breaks and signs of patterns in a name come back as they were."""
    assert WORDS.translated(WORDS.say("flat", name=name), "zh") == WORDS.say("flat", "zh", name=name)


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    """A language that there is not, and a table without a column."""
    with pytest.raises(InvalidRequest, match="no language 'fr'"):
        WORDS.say("flat", "fr", name="x")
    (tmp_path / "words.csv").write_text("key,en\na,b\n", encoding="utf-8")
    with pytest.raises(InvalidRequest, match="zh"):
        read_words(tmp_path / "words.csv")


def test_placeholders_stand_in_order() -> None:
    """As a text has them."""
    assert placeholders("{share} of {what}, {{not}}") == ["share", "what"]
