"""The words of the pages: all are used, none is missing, both languages say the same."""

from __future__ import annotations

import re
from pathlib import Path

from optimize.pages import words as words_module
from optimize.pages.payload import GIVEN, PROVED
from optimize.pages.words import word, words

PAGES = Path(words_module.__file__).parent
SOURCES = "".join(
    path.read_text(encoding="utf-8") for path in (*(PAGES / "sources" / "explore").glob("*.js"), *PAGES.glob("*.py"))
)
# Keys that are made of a part and a name.
MADE = ("range_", "state_", "better_", "side_")


def test_every_word_is_used() -> None:
    """A key that nobody asks for is a word that nobody reads."""
    asked = {key: key.removesuffix(PROVED).removesuffix(GIVEN) for key in words()}
    unused = [key for key, said in asked.items() if f'"{said}"' not in SOURCES and not key.startswith(MADE)]
    presets = {"baseline", "even", "optimum", f"optimum{PROVED}", f"optimum{GIVEN}"}
    assert not set(unused) - presets


def test_every_word_that_is_asked_for_is_there() -> None:
    """Else people would read its key."""
    asked = set(re.findall(r'say\("(\w+)"', SOURCES)) | set(re.findall(r'Refused\("(\w+)"', SOURCES))
    assert asked - words().keys() == set()


def test_both_languages_name_the_same_values() -> None:
    """What stands in braces is put in."""
    for key, both in words().items():
        assert both["en"], key
        assert both["zh"], key
        assert set(re.findall(r"{(\w+)}", both["en"])) == set(re.findall(r"{(\w+)}", both["zh"])), key


def test_values_are_put_in() -> None:
    """In both languages."""
    assert word("leftOutConstants", count=7)["zh"].startswith("模型中另有 7 个")
