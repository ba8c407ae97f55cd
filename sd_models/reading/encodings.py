"""Text files in the encodings that people's programs write, told apart where the file does not say it.

A file may declare its encoding, by a mark at its beginning or as Vensim does, `{UTF-8}`. Else it is UTF-8 if it can
be. What cannot is told by its bytes: zeros in every other one are UTF-16 without a mark; pairs of the commonest Chinese
characters are GB18030, which holds GBK and GB2312, as Windows writes in China; the rest is Windows-1252.

Why not a library that guesses: it would say Korean or Turkish of a few words, and nobody could tell why. Three rules
can be told to the person who has the file, and a note always says what was taken.
"""

from __future__ import annotations

import codecs
import re

# Python knows further codecs, some of which need time quadratic in the text (punycode) or decode no text (hex).
ENCODINGS = re.compile(r"(utf|cp|windows|mac|iso|latin|koi|gb|big|euc|shift|hz|johab|ascii)[\w-]*", re.IGNORECASE)
DECLARED = re.compile(rb"\s*\{([\w-]+)\}|\s*<\?xml[^>]*encoding\s*=\s*[\"']([\w-]+)[\"']")
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Punctuation and wide letters, and the 3,755 characters of level 1 of GB2312, which are 99 in 100 of those in a text.
COMMON_PAIR = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
LONG = re.compile(rb"[\x80-\xff]+")
COMMON = 0.8  # of the bytes above ASCII
ZEROS = 0.3  # of the bytes in every other place: a text in UTF-16 has ASCII at least for its signs
ADVICE = "Save it as UTF-8: in Notepad by Save as, in Excel as CSV UTF-8."


def decoded(source: bytes) -> tuple[str, str]:
    """The text of a file, and the name of its encoding where that is not UTF-8 and the file does not declare it.

    An encoding that is slow to decode or is none of texts is not believed.
    """
    for encoding in _stated(source):
        try:
            if ENCODINGS.fullmatch(encoding):
                text = source.decode(encoding).removeprefix("\ufeff")
                return text, "UTF-16" if encoding.startswith("utf-16") and not _declares(source) else ""
        except (UnicodeError, LookupError):
            continue
    for encoding, name in _likely(source):
        try:
            return source.decode(encoding), name
        except UnicodeError:
            continue
    return source.decode("cp1252", errors="replace"), "Windows-1252"


def guess_note(file: str, guess: str) -> str:
    """What to say of a file whose encoding had to be guessed."""
    return f"{file} is not UTF-8; it was read as {guess}. If letters look wrong: {ADVICE}"


def _stated(source: bytes) -> list[str]:
    """The encodings that a file says it has, by its mark or in words, and UTF-8."""
    marks = [encoding for mark, encoding in MARKS if source.startswith(mark)]
    return [*marks[:1], *_declares(source), "utf-8"] if not _zeros(source) or marks else []


def _declares(source: bytes) -> list[str]:
    match = DECLARED.match(source.removeprefix(codecs.BOM_UTF8)[:1000])
    return [(match[1] or match[2]).decode("ascii")] if match else []


def _zeros(source: bytes) -> str:
    """UTF-16 without a mark, by where its zeros are; empty for another encoding."""
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        part = source[first:20_000:2]
        if part and part.count(0) > ZEROS * len(part):
            return encoding
    return ""


def _likely(source: bytes) -> list[tuple[str, str]]:
    """Encodings that the bytes speak for, and their names."""
    if encoding := _zeros(source):
        return [(encoding, "UTF-16")]
    runs = LONG.findall(source)
    common = sum(len(COMMON_PAIR.findall(run)) for run in runs) * 2
    return [("gb18030", "GB18030 (GBK)")] if common and common >= COMMON * sum(map(len, runs)) else []
