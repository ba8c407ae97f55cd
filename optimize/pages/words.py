"""The words of the pages in English and Chinese: `labels.csv`, a row for each, `key,en,zh`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

from ..files.words import LANGUAGES, Words, read_words

FILE = Path(__file__).parent / "labels.csv"

Text: TypeAlias = dict[str, str]


@cache
def _words() -> Words:
    return read_words(FILE)


def words() -> Mapping[str, Text]:
    """All words by key, each in both languages."""
    return {key: dict(text) for key, text in _words().texts.items()}


def word(key: str, **values: object) -> Text:
    """A text in both languages, with values in place of the names in braces.

    >>> word("leftOutConstants", count=3)["en"]
    '3 more constants of the model can be changed, and are not on this page: they move the objective less.'
    """
    return {language: _words().say(key, language, **values) for language in LANGUAGES}
