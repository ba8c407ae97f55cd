"""Words in English and Chinese: tables `key,en,zh` beside the code that says them.

A text may hold names in braces, in whose place values stand when it is said; the code has no English of its own beside
the table, so that nothing is written twice. What is kept as English text (a note in a folder, why there is no policy)
is found again in the table by its form, and said in the other language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Formatter

from sd_models.errors import Fault, InvalidRequest

from .records import read_records

LANGUAGES = ("en", "zh")
LEAST = 5  # letters of its own that tell a text from others
Text = Mapping[str, str]


@dataclass(frozen=True)
class Words:
    """Texts by key, each in both languages."""

    texts: Mapping[str, Text]

    def say(self, key: str, language: str = "en", **values: object) -> str:
        """A text with values in place of the names in braces.

        >>> Words({"left": {"en": "{count} more", "zh": "另有 {count} 项"}}).say("left", "zh", count=3)
        '另有 3 项'
        """
        return self.texts[key][known(language)].format(**values)

    def translated(self, text: str, language: str, inner: Callable[[str], str] = str) -> str:
        """What was said in English in a language, as far as a text has its form; `inner` translates values in it.

        >>> words = Words({"flat": {"en": "{name} is flat.", "zh": "{name}无变化。"}})
        >>> words.translated("land is flat.", "zh"), words.translated("Never said.", "zh")
        ('land无变化。', 'Never said.')
        """
        if known(language) == "en":
            return text
        for key, form in self._forms:
            found = form.fullmatch(text)
            if found:
                return self.say(key, language, **{name: inner(value) for name, value in found.groupdict().items()})
        return text

    @cached_property
    def _forms(self) -> list[tuple[str, re.Pattern[str]]]:
        """The form of each English text; what has most letters of its own comes first."""
        own = {key: sum(map(str.isalpha, _own(text["en"]))) for key, text in self.texts.items()}
        keys = sorted((key for key in own if own[key] >= LEAST), key=lambda key: -own[key])
        return [(key, _form(self.texts[key]["en"])) for key in keys]


def known(language: str) -> str:
    """The language; InvalidRequest for one that there are no words of."""
    if language not in LANGUAGES:
        raise InvalidRequest(Fault(f"there is no language {language!r}.", advice="Ask for en or zh."))
    return language


def placeholders(text: str) -> list[str]:
    """The names in braces, in order.

    >>> placeholders("{share} of {what}")
    ['share', 'what']
    """
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def read_words(path: Path) -> Words:
    """The words of a table; InvalidRequest for a cell that is missing."""
    records = read_records(path, ("key", *LANGUAGES))
    return Words({record["key"]: {language: record[language] for language in LANGUAGES} for record in records})


def _own(text: str) -> str:
    """The letters of a text that are no values."""
    return "".join(literal for literal, *_ in Formatter().parse(text))


def _form(text: str) -> re.Pattern[str]:
    """What a text looks like with any values in it; a name that stands twice has one value."""
    parts, seen = [], set[str]()
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)
