"""A model file's text, of which only what draws is replaced: all else stays byte for byte.

Why only UTF-8: other encodings are guessed, and a guess must not be written over somebody's model.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import Fault, InvalidRequest
from ..reading.encodings import ADVICE
from ..reading.guard import content


def model_text(path: Path) -> str:
    """The text of a model file as it stands, with its mark and its ends of lines; InvalidRequest if it is not UTF-8."""
    source = content(path)
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as error:
        found = "is not UTF-8, so nothing can be written into it without changing the rest."
        raise InvalidRequest(Fault(found, file=path.name, advice=ADVICE)) from error


def line_end(text: str) -> str:
    """How the lines of a text end."""
    return "\r\n" if "\r\n" in text else "\n"
