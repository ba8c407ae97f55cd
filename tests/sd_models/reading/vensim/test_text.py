"""The text of a Vensim file, cut into entries that keep their line."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import faults

from sd_models.errors import Fault, UnreadableModel
from sd_models.reading.vensim.text import Entry, MacroHeader, fold_space, sections, settings

SKETCH = "\n\\\\\\---///\n*View\n~|"


def entries(text: str) -> tuple[Entry, ...]:
    """The entries of the main section."""
    return sections(text, "m.mdl")[0].entries


# --- lines ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A piece of a file, and whether it is an entry."""

    text: str
    is_entry: bool


BLANK = st.text(" \t\n", max_size=5)
EQUATIONS = st.sampled_from(
    ("x = 1", 'x = "a | ~ { b" + 2', "x =\n\n1", "x[a] :EXCEPT: [b] \\\n\t= 1", "t((0,0),\n(1,1))")
)
UNITS = st.sampled_from(("", "person/Year [0, ?]", "{no unit}", "a\nb"))
COMMENTS = st.sampled_from(
    ("", "A comment.", 'One "quote, one {brace.', "Two\nlines with ~ and 'marks'.", "\x0b\x0c\x1c\x85\u2028")
)
ENTRY = st.builds(
    lambda before, equation, unit, comment: Piece(f"{before}{equation}\n\t~ {unit}\n\t~ {comment}|", is_entry=True),
    BLANK,
    EQUATIONS,
    UNITS,
    COMMENTS,
)
OTHER = st.sampled_from(
    (
        Piece("\n{a comment with = and\n | and ~}\n", is_entry=False),
        Piece("\n*****\n\t.group\n*****~\n\t\tWords.\n|", is_entry=False),
        Piece("\n\n\t\n", is_entry=False),
    )
)


@given(st.lists(st.one_of(ENTRY, OTHER), max_size=8), st.sampled_from(("\n", "\r\n")), st.booleans())
def test_no_cut_loses_a_line(pieces: list[Piece], ending: str, has_sketch: bool) -> None:
    """Whatever stands around it, an entry is found at the line on which it begins."""
    text, expected = "{UTF-8}\n", []
    for piece in pieces:
        if piece.is_entry:
            before = text + piece.text[: re.search(r"\S", piece.text).start()]  # type: ignore[union-attr]
            expected.append(before.count("\n") + 1)
        text += piece.text
    text = (text + SKETCH if has_sketch else text + "\n").replace("\n", ending)
    assert [entry.line for entry in entries(text)] == expected


# --- entries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("x = 1 ~ unit ~ Words. |", Entry("x = 1", "unit", "Words.", 1)),
        ("x = 1 ~~|", Entry("x = 1", "", "", 1)),
        ("\n\n x = 1\t~\n\t~ |", Entry("x = 1", "", "", 3)),
        ("x = a \\\n\t\tlong name ~~|", Entry("x = a long name", "", "", 1)),
        ("x = {why | ~ {inner}} 1 ~ {no} unit ~~|", Entry("x = 1", "unit", "", 1)),
        ('x = 1 ~~ Words {with braces} and a " quote. |', Entry("x = 1", "", 'Words {with braces} and a " quote.', 1)),
        ('"a | b ~ { c" = 1 ~~|', Entry('"a | b ~ { c"', "", "", 1)),
        ('"say \\"so\\" |" = 1 ~~|', Entry('"say \\"so\\" |" = 1', "", "", 1)),
        ("x = 1 ~ unit ~ One. ~ :SUPPLEMENTARY |", Entry("x = 1", "unit", "One.", 1)),
        ("\ufeffx = 1 ~~|", Entry("x = 1", "", "", 1)),
    ],
)
def test_an_entry_has_equation_unit_and_documentation(text: str, entry: Entry) -> None:
    """Comments go, white space is folded, and marks inside quotes cut nothing."""
    (found,) = entries(text)
    if '"a |' in text:
        found = Entry(found.equation.split(" = ")[0], found.unit, found.documentation, found.line)
    assert found == entry


def test_groups_sketches_and_empty_files_hold_no_entries() -> None:
    """Neither does an encoding mark alone."""
    assert entries("") == entries("{UTF-8}") == entries(" \n\n") == ()
    assert entries(f"***\n.group\n***~\nWords.|{SKETCH}") == ()


def test_settings_stand_behind_the_sketch() -> None:
    """By number; a number may stand on several lines."""
    text = f"x = 1 ~~|{SKETCH}\n///---\\\\\\\n:L<%^E!@\n15:0,0,0,1,0,0\n22:$,Dollar,Dollars\n22:Year,Years\n"
    assert settings(text) == {15: ("0,0,0,1,0,0",), 22: ("$,Dollar,Dollars", "Year,Years")}
    assert settings("15:1") == {}


def test_space_and_continuations_fold_to_one_blank() -> None:
    """Also where the line ends with a carriage return."""
    assert fold_space(" a \\\r\n\t b\n\nc\t") == "a b c"


# --- macros -----------------------------------------------------------------------------------------------------------


def test_macros_are_sections_behind_the_main_one() -> None:
    """In the order of the file, wherever they stand; their entries keep their lines."""
    text = (
        "{UTF-8}\n:MACRO: FIRST(a, b : c)\nFIRST = a ~~|\n:END OF MACRO:\nx = 1 ~~|\n"
        ":macro: Second One (d)\n Second One = d ~~|\n:end of  macro:\n:MACRO: NONE(e)\n:END OF MACRO:\ny = 2 ~~|"
    )
    main, first, second, none = sections(text, "m.mdl")
    assert main.macro is None
    assert [(entry.equation, entry.line) for entry in main.entries] == [("x = 1", 5), ("y = 2", 11)]
    assert first.macro == MacroHeader("FIRST", ("a", "b"), ("c",))
    assert [(entry.equation, entry.line) for entry in first.entries] == [("FIRST = a", 3)]
    assert second.macro == MacroHeader("Second One", ("d",), ())
    assert [entry.line for entry in second.entries] == [7]
    assert none.entries == ()


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "y = 1 ~~|\n\nx = 1 ~ unit",
            Fault("the text 'x = 1' does not end with '~ unit ~ comment |'.", "", "m.mdl", 3, "Is the file cut off?"),
        ),
        (
            ":MACRO: M(a)\nM = a ~~|\n\n",
            Fault("the macro 'M' is not closed.", "", "m.mdl", 2, "Close it with :END OF MACRO:."),
        ),
    ],
)
def test_a_file_that_is_cut_off_is_unreadable(text: str, fault: Fault) -> None:
    """With the line of what does not end."""
    assert faults(UnreadableModel, lambda: sections(text, "m.mdl")) == (fault,)


@given(st.text('xM=1~|{}"\\\n:() ', max_size=60))
def test_any_text_is_cut_or_refused(text: str) -> None:
    """Never anything else; every entry has a line of the file."""
    try:
        found = sections(text, "m.mdl")
    except UnreadableModel:
        return
    lines = text.count("\n") + 1
    assert all(1 <= entry.line <= lines for section in found for entry in section.entries)
