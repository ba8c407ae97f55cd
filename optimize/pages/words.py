"""The words of the pages in English and Chinese: `labels.csv`, a row for each, `key,en,zh`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

from ..files.rows import read_rows

FILE = Path(__file__).parent / "labels.csv"
LANGUAGES = ("en", "zh")

Text: TypeAlias = dict[str, str]


@cache
def words() -> Mapping[str, Text]:
    """All words by key, each in both languages."""
    rows = [row for _, row in read_rows(FILE)]
    return {key: dict(zip(LANGUAGES, texts, strict=True)) for key, *texts in rows[1:]}


def word(key: str, **values: object) -> Text:
    """A text in both languages, with values in place of the names in braces.

    >>> word("leftOutConstants", count=3)["en"]
    '3 more constants of the model can be changed, and are not on this page: they move the objective less.'
    """
    return {language: text.format(**values) for language, text in words()[key].items()}
