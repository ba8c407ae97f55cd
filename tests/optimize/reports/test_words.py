"""The words of a report: all are used, none is missing, both languages put in the same values."""

from __future__ import annotations

import re
from pathlib import Path

from optimize.files.words import placeholders
from optimize.plans.plan import Objective
from optimize.reports import words as words_module
from optimize.reports.words import LABELS, column, speaker_in
from optimize.results.verdict import Standing
from optimize.results.words import WORDS

SOURCES = "".join(path.read_text(encoding="utf-8") for path in Path(words_module.__file__).parent.glob("*.py"))
# Labels that are made of a part and a name.
MADE = ("source_", "measure_", "head_", "better_")
ENDS = ("_once", "_mean")


def test_every_word_is_used() -> None:
    """A label that nobody asks for is a word that nobody reads."""
    left = [label for label in LABELS.texts if not label.startswith(MADE) and not label.endswith(ENDS)]
    assert [label for label in left if f'"{label}"' not in SOURCES] == []


def test_every_word_that_is_asked_for_is_there() -> None:
    """Else a report ends in an error."""
    own = set(re.findall(r'(?<!voice\.)say\(\s*"(\w+)"', SOURCES)) | set(re.findall(r'"(head_\w+)"', SOURCES))
    assert own - LABELS.texts.keys() == set()
    assert set(re.findall(r'voice\.say\(\s*"(\w+)"', SOURCES)) - WORDS.texts.keys() == set()


def test_both_languages_put_in_the_same_values() -> None:
    """What stands in braces."""
    for label, text in LABELS.texts.items():
        assert sorted(placeholders(text["en"])) == sorted(placeholders(text["zh"])), label


def test_every_verdict_has_a_name_and_a_meaning() -> None:
    """In both languages."""
    for standing in Standing:
        for language in ("en", "zh"):
            said = speaker_in(language)
            assert said.voice.standing(standing)
            assert said.voice.meaning(standing).endswith((".", "。"))


def test_every_measure_has_a_name() -> None:
    """Of an objective."""
    measures = Objective.model_fields["measure"].annotation
    assert measures is not None
    assert all(speaker_in("zh").say(f"measure_{measure}") for measure in measures)


def test_no_number_is_told_as_dust() -> None:
    """What is nothing beside its column is 0, what is no number a dash."""
    assert column([3.0, -4e-14, float("inf")]) == ["3.00", "0", "–"]
