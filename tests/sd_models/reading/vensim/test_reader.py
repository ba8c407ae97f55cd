"""Vensim files to PySD's abstract model: what PySD's grammar reads wrongly, and where the faults are."""

from __future__ import annotations

from pathlib import Path

import pytest
from pysd.translators.structures.abstract_model import AbstractData
from support.models import faults, loaded, written

import sd_models as sd
from sd_models.errors import UnreadableModel
from sd_models.reading.encodings import guess_note
from sd_models.reading.files import read
from sd_models.reading.source import Source
from sd_models.system.model import Correspondence, Method


@pytest.mark.parametrize(
    ("expression", "value"),
    [("3 + 4", 7.0), ("1-.25", 0.75), ("2e3 - 1", 1999.0), ("-3 + 5 - 1", 1.0), ("-2^2", -4.0), ("+3", 3.0)],
)
def test_sums_of_numbers_are_numbers(tmp_path: Path, expression: str, value: float) -> None:
    """PySD's grammar reads `1 - 0.5` as an array of signed numbers, and evaluates it."""
    run = sd.simulate(loaded(tmp_path, f"x = {expression} ~~|"))
    assert float(run["x"][0]) == value


def test_listed_elements_of_a_mapping_are_not_elements_of_the_range(tmp_path: Path) -> None:
    """PySD takes them for elements, and warns."""
    source = read(written(tmp_path, "plant: steel, glass -> (owner: anna, bert), land ~~|\nx = 1 ~~|"))
    assert source.model.sections[0].subscripts[0].subscripts == ["steel", "glass"]
    assert source.mappings["plant"] == (Correspondence("owner", (("anna",), ("bert",))), Correspondence("land", ()))


def test_an_arrow_in_a_quoted_name_maps_nothing(tmp_path: Path) -> None:
    """Only one behind a subscript range does."""
    text = '"from -> to" : a, b ~~|\n"a -> b" = 3 ~~|\nx["from -> to"] = 1, 2 ~~|\ncopy <-> "from -> to" ~~|'
    system = loaded(tmp_path, text)
    assert system.dimensions['"from -> to"'].elements == system.dimensions["copy"].elements == ("a", "b")
    assert '"a -> b"' in system


# --- the text of the file ---------------------------------------------------------------------------------------------

EQUATIONS = "größe = 1 ~ m² ~ Naïve “quotes”. |\nx = größe * 2 ~~|\n"


def written_as(folder: Path, content: bytes) -> Source:
    """A file of these bytes, read."""
    path = folder / "case.mdl"
    path.write_bytes(content)
    return read(path)


@pytest.mark.parametrize(
    ("encoding", "header", "guess"),
    [
        ("utf-8", "{UTF-8}\n", ""),
        ("utf-8-sig", "{UTF-8}\n", ""),
        ("utf-8-sig", "", ""),
        ("utf-8", "", ""),
        ("cp1252", "", "Windows-1252"),
        ("cp1252", "{UTF-8}\n", "Windows-1252"),
        ("cp1252", "{cp1252}\n", ""),
        ("utf-16-le", "", "UTF-16"),
        ("utf-16-be", "{UTF-8}\n", "UTF-16"),
        ("utf-16", "", "UTF-16"),
    ],
)
def test_texts_are_decoded(tmp_path: Path, encoding: str, header: str, guess: str) -> None:
    """As declared, as UTF-8 with or without its mark, else as the bytes say, which is noted."""
    source = written_as(tmp_path, (header + EQUATIONS).encode(encoding))
    elements = source.model.sections[0].elements
    assert [element.name for element in elements] == ["größe", "x"]
    assert elements[0].units == "m²"
    assert elements[0].documentation == "Naïve “quotes”."
    assert source.notes == ((guess_note("case.mdl", guess),) if guess else ())


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("header", ["", "{UTF-8}\n"])
def test_models_from_chinese_windows_are_read(tmp_path: Path, encoding: str, header: str) -> None:
    """GBK and UTF-16 are told by their bytes, whatever Vensim's header says, and noted."""
    text = header + '城镇人口 = INTEG(迁入人口, 100) ~ 万人 ~ 说明 |\n迁入人口 = "城镇化速度(%)" ~ 万人/年 ~|\n'
    source = written_as(tmp_path, (text + '"城镇化速度(%)" = 10 ~ 1/年 ~|\n').encode(encoding))
    assert [element.name for element in source.model.sections[0].elements][:2] == ["城镇人口", "迁入人口"]
    assert "was read as" in source.notes[0]


def test_a_wrong_guess_says_how_to_save_the_file(tmp_path: Path) -> None:
    """Where a text in an encoding that cannot be told has faults, the encoding is named among them."""
    found = faults(UnreadableModel, lambda: written_as(tmp_path, "x = 한국 국 ) ~~|\n".encode("johab")))
    assert "which may be why" in found[-1].found
    assert "UTF-8" in found[-1].advice


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lines_may_end_as_on_any_system(tmp_path: Path, ending: str) -> None:
    """Line continuations, arrays over lines and comments too; places are the same."""
    text = "{UTF-8}\na: a1,\n\ta2 ~~|\nx[a] = 1,\n 2 ~~|\nlong \\\n\tname = {two\nlines} 3 \\\n\t+ 4 ~~|\n"
    source = written_as(tmp_path, text.replace("\n", ending).encode())
    assert source.lines == {("__main__", "x"): (4,), ("__main__", "long name"): (6,)}
    assert source.range_lines == {"a": 2}
    assert source.model.sections[0].elements[1].components[0].ast == 7


@pytest.mark.parametrize(
    ("text", "unit", "limits"),
    [
        ("person/(Year*person) [0, 10, 1]", "person/(Year*person)", (0, 10)),
        ("Dmnl [?, 1e3]", "Dmnl", (None, 1000)),
        ("[-5,?]", "", (-5, None)),
        ("[2]", "", (2, None)),
        ("unit [low, high]", "unit", (None, None)),
        ("a [b] c", "a [b] c", (None, None)),
        ("", "", (None, None)),
    ],
)
def test_units_may_carry_limits(tmp_path: Path, text: str, unit: str, limits: tuple[float | None, ...]) -> None:
    """A question mark is no limit, the third number a step of a slider."""
    variable = loaded(tmp_path, f"x = 1 ~ {text} ~|")["x"]
    assert variable.unit == unit
    assert variable.limits == limits


@pytest.mark.parametrize(
    ("number", "method"),
    [("0", Method.EULER), ("1", Method.RK4), ("2", Method.EULER), ("3", Method.RK2), ("5", Method.RK4)],
)
def test_settings_name_the_integration_method(tmp_path: Path, number: str, method: Method) -> None:
    """And units that are equal."""
    text = "x = 1 ~~|\n\n\\\\\\---/// Sketch information\n*View 1\n///---\\\\\\\n:L\x7f<%^E!@\n"
    source = written_as(tmp_path, f"{text}15:0,0,0,{number},0,0\n22:$,Dollar,Dollars,$s\n22:Year,Years\n".encode())
    assert source.method is method
    assert source.unit_synonyms == (("$", "Dollar", "Dollars", "$s"), ("Year", "Years"))


# --- entries ----------------------------------------------------------------------------------------------------------


def test_the_lines_of_all_equations_are_kept(tmp_path: Path) -> None:
    """By section, and by the name that stood first."""
    text = (
        ":MACRO: M(a)\nM = a ~~|\n:END OF MACRO:\nr: r1, r2 ~~|\nX one[r1] = 1 ~~|\n\nx ONE[r2] = 2 ~~|\ny = M(1) ~~|"
    )
    source = read(written(tmp_path, text, controls=""))
    assert source.lines == {("__main__", "X one"): (5, 7), ("__main__", "y"): (8,), ("M", "M"): (2,)}


@pytest.mark.parametrize("keyword", ["", " :RAW:", ":HOLD BACKWARD:", " :LOOK FORWARD:", ":INTERPOLATE:"])
@pytest.mark.parametrize("name", ["x", '"a, b (c)"', "two words", "x[region]", "x[region, r1]"])
def test_a_name_alone_is_a_data_variable(tmp_path: Path, keyword: str, name: str) -> None:
    """Its values come from elsewhere."""
    source = read(written(tmp_path, f"region: r1, r2 ~~|\n{name}{keyword} ~ unit ~ Words. |", controls=""))
    (element,) = source.model.sections[0].elements
    assert isinstance(element.components[0], AbstractData)
    assert len(element.components[0].subscripts[0]) == name.count("r1") + name.count("region")
    assert element.units == "unit"


def test_reality_checks_are_passed_over_with_a_note(tmp_path: Path) -> None:
    """They compute nothing."""
    text = "x = 1 ~~|\ncheck :THE CONDITION: x > 2 :IMPLIES: x > 1 ~~|\ntest :TEST INPUT: x = 3 ~~|"
    source = read(written(tmp_path, text))
    assert source.notes == (
        "case.mdl:2: the reality check 'check' is not read.",
        "case.mdl:3: the reality check 'test' is not read.",
    )


@pytest.mark.parametrize(
    ("equation", "variable", "found"),
    [
        ("x = 1 +", "x", "cannot read ' +'."),
        ("x = (1", "x", "cannot read 'x = (1'."),
        ("x = 1 2", "x", "'1 2' is no number and no list of points."),
        ("x =", "x", "cannot read 'x ='."),
        ("x = a.b", "x", "cannot read '.b'."),
        ('"x | 1" = )', '"x | 1"', "cannot read '\"x | 1\" = )'."),
        ("t(1,2,3)", "t", "cannot read 't(1,2,3)'."),
        ("t()", "t", "cannot read ')'."),
        ("x[a = 1", "x", "cannot read '= 1'."),
        ("a: b, c -> ", "a", None),
        ("(1 + 2) = x", "", "cannot read '(1 + 2) = x'."),
        ("x = SMOOTH(1)", "x", "cannot read"),
        ("x = DELAY FIXED(1, 2, 3, 4)", "x", "cannot read"),
    ],
)
def test_an_entry_that_cannot_be_read_is_told(tmp_path: Path, equation: str, variable: str, found: str | None) -> None:
    """With line and name, and with the text at which reading stopped."""
    if found is None:
        assert read(written(tmp_path, f"{equation} ~~|")).mappings == {"a": ()}
        return
    (fault,) = faults(UnreadableModel, lambda: read(written(tmp_path, f"y = 1 ~~|\n{equation} ~~|")))
    assert fault.found.startswith(found)
    assert (fault.file, fault.line, fault.variable) == ("case.mdl", 2, variable)
    assert fault.advice
