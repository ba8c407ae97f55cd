"""What a model file may make a reader do, and how large it may be."""

from __future__ import annotations

import ast
import os
import re
import sys
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pysd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysd.translators.vensim import vensim_element
from pysd.translators.xmile import xmile_element, xmile_file

from sd_models.errors import ModelError, UnreadableModel, UnsafeModel
from sd_models.reading import guard

NUMBERS = st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False))
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20)


class TestLiteral:
    """`literal` reads what PySD rightly evaluates, and nothing else."""

    @given(NUMBERS)
    def test_numbers(self, number: float) -> None:
        """Any number, whole or not, as Python writes it."""
        assert guard.literal(repr(number)) == number

    @given(POINTS)
    def test_points(self, points: list[tuple[float, float]]) -> None:
        """Lists of points as tables and their limits hold them: like Python's own evaluation."""
        for text in (str(points), ",".join(map(str, points)) + ",", "(" + str(points)[1:-1] + ",)"):
            assert guard.literal(text) == ast.literal_eval(text)

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("5", 5),
            (" -5. ", -5.0),
            (".5", 0.5),
            ("- 5", -5),
            ("1e+06", 1e6),
            ("1+1", 2),
            ("1 - .5 + 2.e3-1e-1", 1 - 0.5 + 2e3 - 1e-1),
            ("007", 7),
            ("(01,1e-007)", (1, 1e-7)),
            ("[(0,0),(10,10)]", [(0, 0), (10, 10)]),
            ("'data.xlsx'", "data.xlsx"),
            (r"'new\table.xlsx'", r"new\table.xlsx"),
            (r"'\x27'", r"\x27"),
            ('"text"', "text"),
            ("''", ""),
        ],
    )
    def test_known(self, text: str, value: object) -> None:
        """Leading zeros and blanks are harmless, sums of numbers are numbers; backslashes stay backslashes."""
        assert guard.literal(text) == value

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x",
            "print(1)",
            "__import__('os')",
            "[].__class__",
            "1+",
            "1+-1",
            "(1+1)",
            "1+x",
            "2*3",
            "2**9",
            "9" * 1000,
            "(" * 100_000,
            "((((((1))))))",
            "[1",
            "1 if 1 else 2",
            "1j",
            "0x10",
            "1_000",
            "{1: 2}",
            "{1}",
            "True",
            "None",
            "b'x'",
            "f'{x}'",
            "'a' 'b'",
            "'a\nb'",
            "'a\0'",
            "1;2",
            "1\n2",
            "e",
            "eee",
            "٣",
            "lambda: 1",
            "1" + ",1" * 200_000,
        ],
    )
    def test_refused(self, text: str) -> None:
        """Names, calls, operators, other literals and endless ones are refused with the text in the error."""
        with pytest.raises(UnsafeModel):
            guard.literal(text)

    @given(st.text())
    def test_any_text(self, text: str) -> None:
        """Any text gives numbers, points or a quoted text, or an error of ours."""
        try:
            value = guard.literal(text)
        except UnsafeModel:
            return
        assert isinstance(value, int | float | str | tuple | list)


class TestGuarded:
    """Inside `guarded`, PySD's translators evaluate nothing."""

    def test_shadows_and_restores(self) -> None:
        """Names are shadowed inside, whatever the nesting, and PySD is as before behind the last block."""
        etree, frames = xmile_file.etree, sys.getrecursionlimit()
        with guard.guarded():
            with guard.guarded():
                assert vensim_element.eval is guard.literal
            assert xmile_element.eval is guard.literal
            assert xmile_file.etree is not etree
            assert sys.getrecursionlimit() >= guard.FRAMES
        assert not hasattr(vensim_element, "eval")
        assert not hasattr(vensim_element, "range")
        assert not hasattr(xmile_element, "eval")
        assert xmile_file.etree is etree
        assert sys.getrecursionlimit() == frames

    def test_restores_after_an_error(self) -> None:
        """An error inside does not leave PySD changed."""
        with pytest.raises(KeyError), guard.guarded():
            raise KeyError
        assert not hasattr(vensim_element, "eval")

    def test_threads(self) -> None:
        """While any thread is inside, all are guarded."""
        inside, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with guard.guarded():
                inside.set()
                leave.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        inside.wait(10)
        with guard.guarded():
            pass
        assert vensim_element.eval is guard.literal
        leave.set()
        thread.join()
        assert not hasattr(vensim_element, "eval")

    def test_every_evaluation_in_pysd_is_shadowed(self) -> None:
        """PySD's front end has no `eval` or `exec` but those that are shadowed; a new release may bring more."""
        folder = Path(pysd.__file__).parent / "translators"
        calls = re.compile(r"\b(eval|exec|compile|__import__)\(")
        found = {
            (".".join(("pysd", *file.relative_to(folder.parent).with_suffix("").parts)), name)
            for file in folder.rglob("*.py")
            for name in calls.findall(re.sub(r"re\.compile\(", "", file.read_text(encoding="utf-8")))
        }
        assert found == {(module, name) for module, name, _ in guard.SHADOWS if name == "eval"}

    def test_numeric_ranges_are_limited_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The limit counts all ranges of a file, and starts again with the next file."""
        monkeypatch.setattr(guard, "SUBSCRIPTS", 30)
        first, second = (vensim_element.Element(f"{name}: ({name}1-{name}20)", "", "") for name in "ab")
        for _ in range(2):
            with guard.guarded():
                assert len(first.parse().definition) == 20
        with guard.guarded():
            first.parse()
            with pytest.raises(Exception, match="numeric subscript ranges") as caught:
                second.parse()
        assert isinstance(caught.value.__cause__, UnsafeModel)


class TestInside:
    """A file reference stays in the folder of the model."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A model's folder with data in it, below a folder with a secret file."""
        (tmp_path / "secret.csv").write_text("1")
        folder = tmp_path / "model"
        (folder / "sub").mkdir(parents=True)
        for name in ("data.csv", "sub/more.xlsx", "notes", "Table.TAB"):
            (folder / name).write_text("1")
        (folder / "same.csv").symlink_to("data.csv")
        (folder / "out.csv").symlink_to("../secret.csv")
        (folder / "up").symlink_to("..")
        (folder / "round").symlink_to("round")
        return folder

    @pytest.mark.parametrize(
        ("reference", "target"),
        [
            ("data.csv", "data.csv"),
            (" data.csv ", "data.csv"),
            ("./data.csv", "data.csv"),
            ("sub/more.xlsx", "sub/more.xlsx"),
            ("sub\\more.xlsx", "sub/more.xlsx"),
            ("sub/../data.csv", "data.csv"),
            ("same.csv", "data.csv"),
            ("notes", "notes"),
            ("Table.TAB", "Table.TAB"),
        ],
    )
    def test_inside(self, folder: Path, reference: str, target: str) -> None:
        """Files in the folder and below it, in either spelling, links resolved."""
        assert guard.inside(folder, reference) == (folder / target).resolve()

    @pytest.mark.parametrize(
        "reference",
        [
            "../secret.csv",
            "..\\secret.csv",
            "sub/../../secret.csv",
            "/etc/passwd",
            "\\etc\\passwd",
            "//server/share/x.csv",
            "\\\\server\\share\\x.csv",
            "C:\\x.csv",
            "c:x.csv",
            "out.csv",
            "up/secret.csv",
            "up/model/data.csv/../../../secret.csv",
        ],
    )
    def test_outside(self, folder: Path, reference: str) -> None:
        """Ways and links out of the folder, absolute paths, drives and shares are unsafe."""
        with pytest.raises(UnsafeModel, match="leads out of the folder"):
            guard.inside(folder, reference)

    @pytest.mark.parametrize(
        "reference",
        ["", "  ", "?data", "a\0b.csv", "missing.csv", "x" * 5000, "x" * 5000 + "/data.csv", "round", "sub/", "."],
    )
    def test_unreadable(self, folder: Path, reference: str) -> None:
        """What names no file is an error that says so."""
        with pytest.raises(UnreadableModel):
            guard.inside(folder, reference)

    def test_nearest_name(self, folder: Path) -> None:
        """A misspelt name gets the nearest one."""
        with pytest.raises(UnreadableModel, match=r"Did you mean 'data\.csv'"):
            guard.inside(folder, "dta.csv")

    @pytest.mark.parametrize("name", ["x.gz", "x.csv.zip", "x.pkl", "x.py", "x.tar"])
    def test_other_kinds(self, folder: Path, name: str) -> None:
        """Archives and files of unknown kinds are not read."""
        (folder / name).write_text("1")
        with pytest.raises(UnsafeModel, match="not read"):
            guard.inside(folder, name)

    def test_large_files(self, folder: Path) -> None:
        """The limit is checked before the file is opened, and stands in the error."""
        with (folder / "large.csv").open("wb") as file:
            file.truncate(guard.DATA_BYTES + 1)
        with pytest.raises(UnsafeModel, match=f"{guard.DATA_BYTES:,}"):
            guard.inside(folder, "large.csv")

    @pytest.mark.parametrize("name", ["pipe.csv", "pipe.xlsx"])
    def test_pipes(self, folder: Path, name: str) -> None:
        """A pipe would be waited for without end."""
        os.mkfifo(folder / name)
        with pytest.raises(UnreadableModel, match="regular"):
            guard.inside(folder, name)

    @pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods", ".xlsm", ".XLSX"])
    def test_spreadsheets_that_unpack_to_much(self, folder: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sum of the unpacked sizes counts, whatever the ending of the name says."""
        monkeypatch.setattr(guard, "UNPACKED_BYTES", 1_000)
        with zipfile.ZipFile(folder / f"bomb{suffix}", "w") as archive:
            for index in range(3):
                archive.writestr(f"sheet{index}.xml", "x" * 400)
        with pytest.raises(UnsafeModel, match="1,200 bytes when unpacked"):
            guard.inside(folder, f"bomb{suffix}")

    def test_damaged_spreadsheet(self, folder: Path) -> None:
        """A spreadsheet that cannot be unpacked is unreadable."""
        with zipfile.ZipFile(folder / "whole.xlsx", "w") as archive:
            archive.writestr("sheet.xml", "x" * 4_000)
        content = (folder / "whole.xlsx").read_bytes()
        (folder / "damaged.xlsx").write_bytes(content.replace(b"PK\x01\x02", b"PK\x09\x09"))
        with pytest.raises(UnreadableModel):
            guard.inside(folder, "damaged.xlsx")


class TestCells:
    """Sheet and cells of a data file are texts that pandas reads as what they are."""

    @pytest.mark.parametrize(
        ("file", "arguments"),
        [
            ("x.csv", (",", "A1")),
            ("x.csv", ("\t", "B2*")),
            ("x.csv", ("Sheet 1", "A", "B2")),
            ("x.xlsx", ("--- (a+)+ ---", "time_line", "1", "ABC1000000")),
            ("x.tab", ("", "A1", "")),
        ],
    )
    def test_allowed(self, file: str, arguments: tuple[str, ...]) -> None:
        """One character separates columns; sheets may have any name."""
        guard.check_cells(Path(file), *arguments)

    @pytest.mark.parametrize(
        ("file", "arguments"),
        [
            ("x.csv", ("(a+)+$", "A1")),
            ("x.csv", ("a(a+)+$", "A1")),
            ("x.txt", ("||", "A1")),
            ("x.csv", (",", "A9999999999")),
            ("x.xlsx", ("s", "A1", "B" + "9" * 5_000)),
            ("x.csv", (",", 1)),
            ("x.csv", (None, "A1")),
        ],
    )
    def test_refused(self, file: str, arguments: tuple[object, ...]) -> None:
        """Patterns, rows beyond any table, and what is no text."""
        with pytest.raises(UnreadableModel, match=re.escape(file)):
            guard.check_cells(Path(file), *arguments)


class TestContent:
    """Model files are regular files of bounded size."""

    def test_bytes(self, tmp_path: Path) -> None:
        """The bytes as they are."""
        (tmp_path / "model.mdl").write_bytes(b"x = 1 ~~|\r\n")
        assert guard.content(tmp_path / "model.mdl") == b"x = 1 ~~|\r\n"

    @pytest.mark.parametrize("name", ["missing.mdl", "missing/missing.mdl", ".", "/dev/zero", "x" * 5000])
    def test_no_file(self, tmp_path: Path, name: str) -> None:
        """Missing files, folders and devices are not read."""
        with pytest.raises(UnreadableModel):
            guard.content(tmp_path / name)

    def test_too_large(self, tmp_path: Path) -> None:
        """A file beyond the limit is refused by its size."""
        with (tmp_path / "model.mdl").open("wb") as file:
            file.truncate(guard.MODEL_BYTES + 1)
        with pytest.raises(UnsafeModel, match="bytes"):
            guard.content(tmp_path / "model.mdl")


class TestXml:
    """XML is read strictly, but for undeclared prefixes."""

    def test_undeclared_prefix(self) -> None:
        """Stella leaves its own prefix undeclared in many files."""
        assert guard.xml(b"<a><isee:b/></a>").tag == "a"

    @pytest.mark.parametrize(
        "source", [b"", b" ", b"<a>", b"<a", b"<a></b>", b"<a>&x;</a>", b"<a/><b/>", b"<a>\x00</a>", b"\xff\xfe<a/>"]
    )
    def test_malformed(self, source: bytes) -> None:
        """Nothing is repaired."""
        with pytest.raises(UnreadableModel, match="XML"):
            guard.xml(source, file="m.xmile", encoding="utf-8")

    @pytest.mark.parametrize(
        "declaration", ["", '[<!ENTITY x "y">]', 'SYSTEM "file:///etc/passwd"', "[<!ELEMENT a ANY>]"]
    )
    def test_document_types(self, declaration: str) -> None:
        """No document type, not even a harmless one."""
        with pytest.raises(UnsafeModel, match="document type"):
            guard.xml(f"<!DOCTYPE a {declaration}><a/>".encode())


class TestText:
    """Text that would exhaust memory or time is refused with line, count, limit and advice."""

    PLAIN = '{UTF-8}\nx = 1 ~ unit ~ a comment with ((( brackets and one " quote |\n' * 3

    @pytest.mark.parametrize(
        "text",
        [
            PLAIN,
            "",
            "x = " + "(" * guard.NESTING + "1" + ")" * guard.NESTING + " ~~|",
            "x = " + "+".join("y" * guard.OPERATORS) + " ~~|",
            "t(" + ",".join(f"({i},-{i})" for i in range(5 * guard.OPERATORS)) + ") ~~|",
            "x = 1 ~~|\n\\\\\\---/// Sketch " + "(" * 100_000,
            "x = 1 ~~ " + "9" * 1_000 + "|",
            '"' + "(" * 1_000 + '" = 1 ~~|',
        ],
        ids=["plain", "empty", "nested", "sum", "table", "sketch", "digits in a comment", "quoted name"],
    )
    def test_within_limits(self, text: str) -> None:
        """Comments, names and the sketch may hold anything; equations as much as real ones."""
        guard.check_text(text)

    @pytest.mark.parametrize(
        ("equation", "found"),
        [
            ("x = " + "(" * (guard.NESTING + 1), "brackets inside one another"),
            ("x = " + "y[(" * guard.NESTING, "brackets inside one another"),
            ("x = " + "+".join("y" * (guard.OPERATORS + 2)), "operators in one equation"),
            ("x = 1" + " :AND: 1" * (guard.OPERATORS + 1), "operators in one equation"),
            ("x = " + "9" * (guard.DIGITS + 1), "digits"),
            ("x = y" + "y" * guard.EXPRESSION_CHARACTERS, "characters in one equation"),
            ('"a|b" = ' + '("|"+' * (guard.NESTING + 1), "brackets inside one another"),
        ],
    )
    def test_refused(self, equation: str, found: str) -> None:
        """The error names file and line."""
        with pytest.raises(UnsafeModel, match=found) as caught:
            guard.check_text(f"y = 1 ~~|\n\n{equation} ~~|\n", file="m.mdl")
        assert (caught.value.faults[0].file, caught.value.faults[0].line) == ("m.mdl", 3)
        assert caught.value.faults[0].advice

    @pytest.mark.parametrize("limit", ["EQUATION_CHARACTERS", "ENTRIES"])
    def test_whole_text(self, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The text as a whole is limited in length and in number of equations."""
        monkeypatch.setattr(guard, limit, 100)
        with pytest.raises(UnsafeModel, match="the limit is 100"):
            guard.check_text("x = 1 ~~|\n" * 200)

    @given(st.text(alphabet='ab19 ~|"\\(){}[]+-*:\n'))
    def test_any_text(self, text: str) -> None:
        """Short texts pass."""
        guard.check_text(text)


class TestRanges:
    """Subscript ranges end, and stay small."""

    @pytest.mark.parametrize(
        "ranges",
        [
            {},
            {"D": ["a", "b"], "E": ["D", "c"], "F": ["E", "D"]},
            {"D": ["a"], "E": "D", "F": {"file": "x.csv"}},
        ],
    )
    def test_allowed(self, ranges: Mapping[str, object]) -> None:
        """Ranges of ranges, copies and ranges from files."""
        guard.check_ranges(ranges)

    @pytest.mark.parametrize(
        "ranges",
        [
            {"D": ["D"]},
            {"D": ["E"], "E": ["D", "a"]},
            {f"D{i}": [f"D{i + 1}"] * 2 for i in range(60)},
        ],
        ids=["itself", "circle", "doubling"],
    )
    def test_refused(self, ranges: Mapping[str, object]) -> None:
        """Circles, and ranges that grow by way of others."""
        with pytest.raises(UnreadableModel):
            guard.check_ranges(ranges)


class TestSteps:
    """A run ends."""

    @pytest.mark.parametrize(
        ("span", "steps"), [((0, 10, 1), 10), ((2000, 2025, 0.25), 100), ((5, 1, 1), 0), ((1, 1, 1), 0)]
    )
    def test_counted(self, span: tuple[float, float, float], steps: int) -> None:
        """The number of steps."""
        assert guard.check_steps(*span) == steps

    @pytest.mark.parametrize(
        "span", [(0, 1, 1e-12), (0, 1, 0), (0, 1, -1), (0, 1, float("nan")), (0, float("inf"), 1), (0, float("nan"), 1)]
    )
    def test_refused(self, span: tuple[float, float, float]) -> None:
        """Steps that are too small, not positive or not numbers."""
        with pytest.raises(ModelError, match="run"):
            guard.check_steps(*span)


CELLS = "Keep only the cells that the model reads."
SPLIT = "Split the equation."
SPREADSHEET = "Keep the numbers in a spreadsheet (GET DIRECT CONSTANTS), or split the equation."
BESIDE = "Put the file beside the model and refer to it by its name."
POINTS_ONLY = "Only numbers, points such as (0,1),(2,3) and quoted texts may stand there."


class TestSentences:
    """What people read, word for word: the file, its line, what is there, and what to do."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Files that are refused, each for its own reason."""
        (tmp_path / "data.csv").write_text("1")
        (tmp_path / "loop.csv").symlink_to("loop.csv")
        (tmp_path / "folder.csv").mkdir()
        (tmp_path / "data.gz").write_text("1")
        with zipfile.ZipFile(tmp_path / "whole.xlsx", "w") as archive:
            archive.writestr("a.xml", "x" * 200)
        content = (tmp_path / "whole.xlsx").read_bytes()
        (tmp_path / "damaged.xlsx").write_bytes(content.replace(b"PK\x01\x02", b"PK\x09\x09"))
        return tmp_path

    @pytest.mark.parametrize(
        ("reference", "told"),
        [
            (" ", "' ' names no file. Write the name of a file beside the model."),
            ("?x", "'?x' names no file. Write the name of a file beside the model."),
            ("../x.csv", f"'../x.csv' leads out of the folder of the model. {BESIDE}"),
            ("z:data.csv", f"'z:data.csv' leads out of the folder of the model. {BESIDE}"),
            ("A:data.csv", f"'A:data.csv' leads out of the folder of the model. {BESIDE}"),
            ("loop.csv", "'loop.csv' cannot be found. Check the name."),
            ("elsewhere/q.csv", "q.csv: there is no such file. Check name and folder."),
            ("dat.csv", "dat.csv: there is no such file. Did you mean 'data.csv'?"),
            ("folder.csv", "folder.csv: is not a regular file. Name a file, not a folder."),
            ("data.gz", "data.gz: files of kind '.gz' are not read. Save the data as .csv or .xlsx."),
            ("damaged.xlsx", "damaged.xlsx: is a damaged spreadsheet. Save the spreadsheet again."),
            ("whole.xlsx", f"whole.xlsx: 200 bytes when unpacked; the limit is 199. {CELLS}"),
        ],
    )
    def test_references(self, folder: Path, reference: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a model refers to, as it wrote it, or the name of the file."""
        monkeypatch.setattr(guard, "UNPACKED_BYTES", 199)
        with pytest.raises(UnreadableModel) as caught:
            guard.inside(folder, reference)
        assert str(caught.value) == told

    def test_an_absolute_path_into_the_folder(self, folder: Path) -> None:
        """It would lead elsewhere on another machine."""
        with pytest.raises(UnsafeModel, match="leads out of the folder"):
            guard.inside(folder, str(folder / "data.csv"))

    def test_sizes(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file may have as many bytes as the limit, and a spreadsheet when unpacked."""
        monkeypatch.setattr(guard, "UNPACKED_BYTES", 200)
        assert guard.inside(folder, "whole.xlsx") == folder / "whole.xlsx"
        size = (folder / "whole.xlsx").stat().st_size
        guard.check_file(folder / "whole.xlsx", size, "Less.")
        with pytest.raises(UnsafeModel) as caught:
            guard.check_file(folder / "whole.xlsx", size - 1, "Less.")
        assert str(caught.value) == f"whole.xlsx: {size:,} bytes; the limit is {size - 1:,}. Less."
        monkeypatch.setattr(guard, "DATA_BYTES", 0)
        with pytest.raises(UnsafeModel) as caught:
            guard.check_data(folder / "data.csv")
        assert str(caught.value) == f"data.csv: 1 bytes; the limit is 0. {CELLS}"
        monkeypatch.setattr(guard, "MODEL_BYTES", 0)
        with pytest.raises(UnsafeModel) as caught:
            guard.content(folder / "data.csv")
        advice = "Is it a model? Remove what does not belong to it, such as stored runs."
        assert str(caught.value) == f"data.csv: 1 bytes; the limit is 0. {advice}"

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ((",", 1), "an argument beside the file's name is no text. Put sheet and cells in single quotes."),
            (("||", "A1"), "'||' is no separator of columns. Separate the columns by one character, as ',' or ';'."),
            ((",", "A2000001"), "there is no row 2000001. Name a cell of the table."),
            ((",", "A1", "B0" + "9" * 50), f"there is no row 0{'9' * 49}. Name a cell of the table."),
        ],
    )
    def test_cells(self, arguments: tuple[object, ...], told: str) -> None:
        """What the model wrote."""
        with pytest.raises(UnreadableModel) as caught:
            guard.check_cells(Path("x.CSV"), *arguments)
        assert str(caught.value) == f"x.CSV: {told}"

    def test_the_last_row(self) -> None:
        """It may be named, also with zeros before it; and one character may be any."""
        guard.check_cells(Path("x.csv"), "|", f"A{guard.ROWS}", "A" + "0" * (guard.DIGITS - 1) + "1")

    @pytest.mark.parametrize(
        ("equation", "told"),
        [
            ("x" * 200_001, f"200,001 characters in one equation; the limit is 200,000. {SPREADSHEET}"),
            ("1" * 51, "a number has more than 50 digits. Write it like 1e60."),
            ("(" * 101, f"101 brackets inside one another; the limit is 100. {SPLIT}"),
            ("x" + "+x" * 2_001, f"2,001 operators in one equation; the limit is 2,000. {SPLIT}"),
        ],
    )
    def test_equations(self, equation: str, told: str) -> None:
        """One more than the limit; as many as the limit are read."""
        with pytest.raises(UnsafeModel) as caught:
            guard.check_expression(equation, file="m.mdl", line=7)
        assert str(caught.value) == f"m.mdl:7: {told}"
        guard.check_expression(equation[:-2] if equation.endswith("+x") else equation[:-1])

    @pytest.mark.parametrize(
        ("limit", "count", "told"),
        [
            ("EQUATION_CHARACTERS", 29, "30 characters of equations; the limit is 29. Split the model."),
            ("ENTRIES", 3, "4 equations; the limit is 3. Use subscripts instead of copies of equations."),
        ],
    )
    def test_texts(self, limit: str, count: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sketch does not count; what follows the last bar is an equation as well."""
        text = "x = 1 ~~|\n" * 3 + "\\\\---/// Sketch information ~~|\n"
        monkeypatch.setattr(guard, limit, count)
        with pytest.raises(UnsafeModel) as caught:
            guard.check_text(text, file="m.mdl")
        assert str(caught.value) == f"m.mdl: {told}"
        monkeypatch.setattr(guard, limit, count + 1)
        guard.check_text(text, file="m.mdl")

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("x = 1\n~ a\nb ~ c | d\n|\n\n  y = !", 6),
            ('"a|\\"~b" = 1 ~ u\n ~ " | \n"c~|" = 2 ~~|y = !', 3),
            ("x = 1 ~ a ~ b ~ c\n ~ d |\ny = ! ~ ( | z = 1", 3),
            ("y = !", 1),
        ],
    )
    def test_lines(self, text: str, line: int) -> None:
        """Of the equation, behind comments with bars, tildes and quotes in them."""
        with pytest.raises(UnsafeModel) as caught:
            guard.check_text(text.replace("!", "9" * 51), file="m.mdl")
        assert str(caught.value) == f"m.mdl:{line}: a number has more than 50 digits. Write it like 1e60."

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("a" * 70, f"{'a' * 60!r} stands where numbers are expected. {POINTS_ONLY}"),
            ("[[[[[1]]]]]", f"'[[[[[1]]]]]' stands where numbers are expected. {POINTS_ONLY}"),
            ("(1,", f"'(1,' is no number and no list of points. {POINTS_ONLY}"),
            ("(" + "1," * 40, f"{('(' + '1,' * 40)[:60]!r} is no number and no list of points. {POINTS_ONLY}"),
            ("1" * 51, "a number has more than 50 digits. Write it like 1e60."),
        ],
    )
    def test_literals(self, text: str, told: str) -> None:
        """The beginning of what stands there."""
        with pytest.raises(UnsafeModel) as caught:
            guard.literal(text)
        assert str(caught.value) == told

    @pytest.mark.parametrize(
        ("source", "told"),
        [
            (b"", "m.xmile: is not well-formed XML: it is empty."),
            (b"<a>\n<b>\n</a>", "m.xmile:3: is not well-formed XML: Opening and ending tag mismatch: b line 2 and a."),
        ],
    )
    def test_xml(self, source: bytes, told: str, tmp_path: Path) -> None:
        """By whatever road it is read."""
        path = tmp_path / "m.xmile"
        path.write_bytes(source)
        with pytest.raises(UnreadableModel) as caught:
            guard.xml(source, file="m.xmile")
        advice = "Is the file cut off? Save it again from the program that made it."
        assert str(caught.value) == f"{told} {advice}"
        with guard.guarded(), pytest.raises(UnreadableModel) as caught:
            xmile_file.etree.parse(str(path), parser=xmile_file.etree.XMLParser(encoding="utf-8"))
        assert str(caught.value) == f"{told} {advice}"

    def test_document_types(self) -> None:
        """And how to do without."""
        with pytest.raises(UnsafeModel) as caught:
            guard.xml(b"<!DOCTYPE a><a/>", file="m.xmile")
        told = "declares a document type, which can define entities. Remove the DOCTYPE; a model needs none."
        assert str(caught.value) == f"m.xmile: {told}"

    def test_numeric_ranges(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """All together; one that is empty counts for nothing."""
        monkeypatch.setattr(guard, "SUBSCRIPTS", 1_000)
        with guard.guarded():
            assert vensim_element.range(1, 601) == range(1, 601)
            assert not list(vensim_element.range(5, 1))
            assert len(vensim_element.range(1, 401)) == 400
            with pytest.raises(UnsafeModel) as caught:
                vensim_element.range(7, 8)
        told = "numeric subscript ranges with 1,001 elements; the limit is 1,000. Use shorter ranges."
        assert str(caught.value) == told

    def test_ranges(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Which ranges contain each other, in their order, or unfold to how much."""
        with pytest.raises(UnreadableModel) as caught:
            guard.check_ranges({"D": ["a", "E"], "E": ["F"], "F": ("D",)})
        found = re.fullmatch(r"a subscript range is a part of itself: (.*)\. Break the circle\.", str(caught.value))
        assert found
        circle = [name.strip("'") for name in found.group(1).split(", ")]
        assert sorted(circle) == ["D", "E", "F"]
        assert "".join(circle) in "FEDFED"
        monkeypatch.setattr(guard, "SUBSCRIPTS", 4)
        guard.check_ranges({"D": ["a", "b"], "E": ["D", "D"], "F": "E" * 9})
        with pytest.raises(UnsafeModel) as caught:
            guard.check_ranges({"D": ["a", "b"], "E": ["D", "D", "c"]})
        told = "5 parts in the subscript range 'E'; the limit is 4. Use fewer subscript ranges in others."
        assert str(caught.value) == told

    @pytest.mark.parametrize(
        ("span", "told"),
        [
            ((0, 1, 0.0), "with a TIME STEP of 0.0 a run would never end. Give TIME STEP a positive value."),
            (
                (0, 10_000_001, 1),
                "a run takes 10,000,001 steps; the limit is 10,000,000. Use a larger TIME STEP or a shorter horizon.",
            ),
        ],
    )
    def test_steps(self, span: tuple[float, float, float], told: str) -> None:
        """With the model's file, where there is one; as many steps as the limit are done."""
        with pytest.raises(UnsafeModel) as caught:
            guard.check_steps(*span, file="m.mdl")
        assert str(caught.value) == f"m.mdl: {told}"
        with pytest.raises(UnsafeModel) as caught:
            guard.check_steps(*span)
        assert str(caught.value) == told
        assert guard.check_steps(0, 10_000_000, 1) == 10_000_000
