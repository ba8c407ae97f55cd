"""Tables of an explanation in a language: names as people call them, and what tables say of themselves.

Tables are made in English with the model's names. Here names become those of the table of names beside the model, where
it has them; titles, headers and words between names are found again in `words.csv` by their form, and said in the
language. What has no form stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ..files.words import placeholders, read_words
from ..results.tables import Table
from ..results.voice import LANGUAGE, Voice

FILE = Path(__file__).parent / "words.csv"
WORDS = read_words(FILE)
PLAIN = {text["en"]: key for key, text in WORDS.texts.items() if not placeholders(text["en"])}
TITLES = ("What ", "Feedback loops ", "Stocks most worth")  # they hold a list, or a semicolon of their own
ARROW, COLUMNS = " -> ", "; "
SPAN = re.compile(r"-?[\d.e+]+ to -?[\d.e+]+")  # of times: a name may hold "to", too


def spoken(table: Table, voice: Voice) -> Table:
    """The table in the words of a voice; numbers stay as they are."""
    texts = len(table.headers) - table.numbers
    rows = tuple(
        (*(spoken_text(cell, voice) for cell in row[:texts]), *(_last(cell, voice) for cell in row[texts:]))
        for row in table.rows
    )
    headers = tuple(spoken_text(header, voice) for header in table.headers)
    return replace(table, title=spoken_text(table.title, voice), headers=headers, rows=rows)


def spoken_text(text: str, voice: Voice) -> str:
    """A title, a header or a cell in the words of a voice."""
    for sign in (ARROW, COLUMNS):
        if sign in text and not _opening(text):
            return sign.join(spoken_text(part, voice) for part in text.split(sign))
    if SPAN.fullmatch(text):
        return text if voice.language == LANGUAGE else text.replace(" to ", WORDS.say("until", voice.language))
    called = _called(text, voice)
    if called != text.strip():
        return f"{text[: len(text) - len(text.lstrip())]}{called}"
    if text in PLAIN:
        return WORDS.say(PLAIN[text], voice.language)
    name, measured, unit = text.rpartition(" in ")
    if measured and not _opening(text) and (spoken := spoken_text(name, voice)) != name:
        return f"{spoken}{measured}{unit}" if voice.language == LANGUAGE else f"{spoken}（{unit}）"
    return WORDS.translated(text, voice.language, lambda inner: spoken_text(inner, voice))


def _opening(text: str) -> bool:
    """Whether a text is a title whose form holds what is listed in it."""
    return text.startswith(TITLES)


def _called(text: str, voice: Voice) -> str:
    """What people call a name, or a list of names; a text that is none as it is."""
    called = voice.name(text.strip())
    parts = text.strip().split(", ")
    if called != text.strip() or len(parts) == 1 or all(voice.name(part) == part for part in parts):
        return called
    return voice.listed(parts)


def _last(cell: str, voice: Voice) -> str:
    """A number, or beside numbers a place."""
    return cell if not cell[-1:].isalpha() else _called(cell, voice)
