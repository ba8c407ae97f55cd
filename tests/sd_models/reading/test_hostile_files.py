"""Model files that try to run code, to reach other files, or to exhaust memory, opened in both ways that we have."""

from __future__ import annotations

import os
import resource
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from sd_models import load
from sd_models.errors import ModelError, UnreadableModel, UnsafeModel
from sd_models.reading import guard
from sd_models.reference.replay import replay

Open = Callable[[Path], object]
BOTH = pytest.mark.parametrize("open_model", [load, replay], ids=["load", "replay"])
SECONDS = 20.0  # far more than any refusal takes, far less than any bomb

CONTROLS = "INITIAL TIME = 0 ~~|\nFINAL TIME = {final} ~~|\nTIME STEP = {step} ~~|\nSAVEPER = TIME STEP ~~|\n"
CODE = "__import__('os').mkdir('mark')"
ESCAPED = CODE.replace("'", "\\x27")
UNQUOTED = "__import__(chr(111)+chr(115)).mkdir(chr(109)+chr(97)+chr(114)+chr(107))"

# Every row makes plain PySD 3.14.3 create the folder `mark`, except those said to be innocent there.
CODE_IN_VENSIM = {
    "table limits": f"t([(0,0)-(1,1),({CODE},1)],(0,0),(1,1)) ~~|\nx = t(Time) ~~|",
    "limits of WITH LOOKUP": f"x = WITH LOOKUP(Time, ([(0,0)-(9,9),({CODE},1)],(0,0),(9,9))) ~~|",
    "table points (innocent)": f"t((0,{CODE}),(1,1)) ~~|\nx = t(Time) ~~|",
    "quoted data variable": f'"d\', {CODE}, {{}}, None) # " :INTERPOLATE: ~~|\nx = 1 ~~|',
    "escapes in a GET DIRECT cell": (
        f"x = GET DIRECT CONSTANTS('data.csv', ',', 'A1\\x27 + str({ESCAPED}) + \\x27') ~~|"
    ),
    "escapes in a GET DIRECT file": (
        f"x = GET DIRECT CONSTANTS('data.csv\\x27 + str({ESCAPED} or \\x27\\x27) + \\x27', ',', 'A1') ~~|"
    ),
    "backslash in GET DIRECT LOOKUPS": (
        f"t( GET DIRECT LOOKUPS('data.csv', '\\', '+str({UNQUOTED})+', ') #') )~~|\nx = t(Time) ~~|"
    ),
    "backslash in GET DIRECT SUBSCRIPT (innocent)": (
        f"D: GET DIRECT SUBSCRIPT('data.csv', '\\', '+str({UNQUOTED})+', ') #', '') ~~|\nx[D] = 1 ~~|"
    ),
    "documentation": f'x = 1 ~ ~ text"""\\{CODE}\\""" |',
    "documentation of a control variable": f'x = 1 ~~|\nTIME STEP = 1 ~ ~ text"""\\{CODE}\\""" |',
    "units (innocent)": f"x = 1 ~ '+{CODE}+' ~ |",
    "limits (innocent)": f"x = 1 ~ unit [0, {CODE}] ~ |",
    "function name": f"x = \"f',{CODE},'\"(1) ~~|",
    "subscript range": (f"\"q': [{CODE}] and ['a'], '\" : a, b ~~|\nx[\"q': [{CODE}] and ['a'], '\"] = 1 ~~|"),
    "subscript element (innocent)": f"D: \"a'] + [{CODE}] + ['\", b ~~|\nx[D] = 1 ~~|",
    "macro name": f":MACRO: \"m',{CODE},'\"(p : out)\nout = p ~~|\n:END OF MACRO:\nx = \"m',{CODE},'\"(1) ~~|",
    "macro input": f":MACRO: mac(\"p' if not {CODE} else 'q\" : out)\nout = 1 ~~|\n:END OF MACRO:\nx = mac(1) ~~|",
    "group and sketch (innocent)": f"x = 1 ~~|\n*****\n {CODE}\n*****~ |\n",
}

XMILE = """<?xml version="1.0" encoding="utf-8"?>{doctype}
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><vendor>none</vendor><product>none</product></header>
<sim_specs time_units="Month"><start>0</start><stop>3</stop><dt>1</dt></sim_specs>
<dimensions><dim name="{dimension}"><elem name="a"/><elem name="b"/></dim></dimensions>
<model><variables>
<aux name="x"><doc>{doc}</doc><dimensions><dim name="{dimension}"/></dimensions><eqn>{eqn}</eqn></aux>
<stock name="level"><eqn>1</eqn><inflow>rate</inflow></stock>
<flow name="rate"><eqn>0.1*level</eqn><gf><xscale min="0" max="1"/><ypts>{points}</ypts></gf></flow>
</variables></model>
</xmile>
"""
XMILE_PARTS = {"doctype": "", "dimension": "D", "doc": "plain", "eqn": "1", "points": "0,1"}
CODE_IN_XMILE = {
    "documentation": {"doc": f'text"""\\{CODE}\\"""'},
    "dimension": {"dimension": f"q': [{CODE}] and ['a'], '"},
    "equation (innocent)": {"eqn": CODE},
    "table points (innocent)": {"points": f"0,{CODE}"},
}


def vensim(folder: Path, equations: str, *, name: str = "model.mdl", final: str = "2", step: str = "1") -> Path:
    """A Vensim file with these equations."""
    path = folder / name
    controls = CONTROLS.format(final=final, step=step)
    lines = [line for line in controls.splitlines() if line.split(" =")[0] not in equations]
    path.write_text("{UTF-8}\n" + equations + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def xmile(folder: Path, **parts: str) -> Path:
    """An XMILE file with these parts in place of plain ones."""
    path = folder / "model.xmile"
    path.write_text(XMILE.format(**{**XMILE_PARTS, **parts}), encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the folder, and every folder as an empty one."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in folder.rglob("*")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the model, also the current one, with a data file in it and a secret one beside it."""
    (tmp_path / "secret.csv").write_text("4711,4712\n4713,4714\n")
    inner = tmp_path / "model"
    inner.mkdir()
    (inner / "data.csv").write_text("1,2\n3,4\n")
    monkeypatch.chdir(inner)
    return inner


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    """No file keeps us busy; what other programs do meanwhile does not count."""
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS


def opened(open_model: Open, path: Path) -> object:
    """What opening gives, None where it is refused with an error of ours; nothing may have changed on disk."""
    before = contents(path.parent.parent)
    try:
        result = open_model(path)
    except ModelError:
        result = None
    assert contents(path.parent.parent) == before
    return result


class TestCode:
    """Python code in a model file never runs."""

    @BOTH
    @pytest.mark.parametrize("equations", CODE_IN_VENSIM.values(), ids=CODE_IN_VENSIM)
    def test_vensim(self, folder: Path, open_model: Open, equations: str) -> None:
        """Wherever it stands in a Vensim file."""
        opened(open_model, vensim(folder, equations))

    @BOTH
    @pytest.mark.parametrize("parts", CODE_IN_XMILE.values(), ids=CODE_IN_XMILE)
    def test_xmile(self, folder: Path, open_model: Open, parts: dict[str, str]) -> None:
        """Wherever it stands in an XMILE file."""
        opened(open_model, xmile(folder, **parts))

    @BOTH
    def test_documentation_is_only_text(self, folder: Path, open_model: Open) -> None:
        """Documentation may hold anything, and the model still opens."""
        assert opened(open_model, vensim(folder, CODE_IN_VENSIM["documentation"])) is not None

    @BOTH
    def test_code_in_limits_is_refused_with_its_place(self, folder: Path, open_model: Open) -> None:
        """The error names file and variable or text."""
        with pytest.raises(UnreadableModel, match=r"model\.mdl.*__import__"):
            open_model(vensim(folder, CODE_IN_VENSIM["table limits"]))


class TestFiles:
    """A model reaches no file outside its folder, and writes none."""

    REFERENCES = (
        "../secret.csv",
        "..\\secret.csv",
        "sub/../../secret.csv",
        "{secret}",
        "C:/secret.csv",
        "C:secret.csv",
        "//server/share/secret.csv",
        "\\\\server\\share\\secret.csv",
        "link.csv",
        "linked/secret.csv",
        "/dev/zero",
        "/etc/passwd",
    )
    READERS = (
        "x = GET DIRECT CONSTANTS('{file}', ',', 'A1') ~~|",
        "x := GET DIRECT DATA('{file}', ',', '1', 'A2') ~~|",
        "t( GET DIRECT LOOKUPS('{file}', ',', '1', 'A2') ) ~~|\nx = t(Time) ~~|",
        "D: GET DIRECT SUBSCRIPT('{file}', ',', 'A1', '2', '') ~~|\nx[D] = 1 ~~|",
        "x = GET XLS CONSTANTS('{file}', ',', 'A1') ~~|",
    )

    @BOTH
    @pytest.mark.parametrize("reader", READERS, ids=["constants", "data", "lookups", "subscript", "xls"])
    @pytest.mark.parametrize("reference", REFERENCES)
    def test_outside(self, folder: Path, open_model: Open, reader: str, reference: str) -> None:
        """Ways up, absolute paths, drives, shares and links are refused before anything is read."""
        (folder / "sub").mkdir()
        (folder / "link.csv").symlink_to(folder.parent / "secret.csv")
        (folder / "linked").symlink_to(folder.parent)
        file = reference.format(secret=folder.parent / "secret.csv")
        with pytest.raises(UnreadableModel) as caught:
            open_model(vensim(folder, reader.format(file=file)))
        assert "471" not in str(caught.value)

    @BOTH
    def test_inside_is_read(self, folder: Path, open_model: Open) -> None:
        """The same reference to a file in the folder works, also by a way that stays inside."""
        (folder / "sub").mkdir()
        text = "x = GET DIRECT CONSTANTS('sub\\..\\data.csv', ',', 'B2') ~~|"
        assert opened(open_model, vensim(folder, text)) is not None

    @BOTH
    @pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
    def test_no_regular_file(self, folder: Path, open_model: Open, make: Callable[[Path], None]) -> None:
        """Reading a pipe would wait forever."""
        make(folder / "odd.csv")
        with pytest.raises(UnreadableModel, match="regular file"):
            open_model(vensim(folder, "x = GET DIRECT CONSTANTS('odd.csv', ',', 'A1') ~~|"))

    @BOTH
    def test_model_that_is_a_pipe(self, folder: Path, open_model: Open) -> None:
        """Nor is the model itself read from one."""
        os.mkfifo(folder / "model.mdl")
        with pytest.raises(UnreadableModel):
            open_model(folder / "model.mdl")

    @BOTH
    @pytest.mark.parametrize("macro", ["setup", "../escape", "model", "a/b", "..", "CON", "model.py"])
    def test_macros_overwrite_nothing(self, folder: Path, open_model: Open, macro: str) -> None:
        """PySD names code files after model and macros; nothing appears or changes beside the model."""
        (folder / "setup.py").write_text("mine")
        (folder / "model.py").write_text("mine too")
        text = f':MACRO: "{macro}"(p : out)\nout = p ~~|\n:END OF MACRO:\nx = "{macro}"(1) ~~|'
        opened(open_model, vensim(folder, text))
        opened(open_model, vensim(folder, text.replace('"', "")))

    @BOTH
    @pytest.mark.parametrize("name", ["os.mdl", "model'; import os; '.mdl", "__init__.mdl", "a\nb.mdl", "x.py.mdl"])
    def test_names_of_model_files(self, folder: Path, open_model: Open, name: str) -> None:
        """A model may have any name."""
        assert opened(open_model, vensim(folder, "x = 1 ~~|", name=name)) is not None

    @BOTH
    def test_spreadsheet_bomb(self, folder: Path, open_model: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        """A small spreadsheet that unpacks to more than the limit is refused before it is unpacked."""
        monkeypatch.setattr(guard, "UNPACKED_BYTES", 10_000_000)
        with zipfile.ZipFile(folder / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for index in range(3):
                archive.writestr(f"xl/worksheets/sheet{index}.xml", b"\0" * 4_000_000)
        with pytest.raises(UnsafeModel, match="unpacked"):
            open_model(vensim(folder, "x = GET XLS CONSTANTS('bomb.xlsx', 'sheet0', 'A1') ~~|"))

    @BOTH
    def test_archives_are_not_unpacked(self, folder: Path, open_model: Open) -> None:
        """A table in a compressed file could unpack to anything."""
        (folder / "data.csv.gz").write_bytes(b"\x1f\x8b")
        with pytest.raises(UnsafeModel, match=r"\.gz"):
            open_model(vensim(folder, "x = GET DIRECT CONSTANTS('data.csv.gz', ',', 'A1') ~~|"))


class TestXml:
    """XMILE is read strictly."""

    BOMB = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    DOCTYPES: ClassVar = {
        "entity": '<!DOCTYPE xmile [<!ENTITY a0 "text">]>',
        "bomb": f'<!DOCTYPE xmile [<!ENTITY a0 "aaaaaaaaaa">{BOMB}]>',
        "file": '<!DOCTYPE xmile [<!ENTITY a0 SYSTEM "../secret.csv">]>',
        "outer document type": '<!DOCTYPE xmile SYSTEM "../secret.csv">',
    }

    @BOTH
    @pytest.mark.parametrize("doctype", DOCTYPES.values(), ids=DOCTYPES)
    @pytest.mark.parametrize("doc", ["plain", "&a0;", "&a11;"])
    def test_document_types(self, folder: Path, open_model: Open, doctype: str, doc: str) -> None:
        """Document types are refused, whether their entities are used or not."""
        with pytest.raises(UnreadableModel):
            open_model(xmile(folder, doctype=doctype, doc=doc))

    def test_cut_off_anywhere(self, folder: Path) -> None:
        """None of 200 beginnings of a file loads."""
        whole = xmile(folder).read_bytes().rstrip()
        path = folder / "model.xmile"
        for cut in range(200):
            path.write_bytes(whole[: len(whole) * cut // 200])
            with pytest.raises(UnreadableModel):
                load(path)

    @pytest.mark.parametrize("cut", [0.0, 0.01, 0.3, 0.6, 0.8, 0.95, 0.999])
    def test_cut_off_replay(self, folder: Path, cut: float) -> None:
        """PySD alone would run what is left."""
        path = xmile(folder)
        whole = path.read_bytes().rstrip()
        path.write_bytes(whole[: int(len(whole) * cut)])
        with pytest.raises(UnreadableModel):
            replay(path)

    @BOTH
    def test_whole_file(self, folder: Path, open_model: Open) -> None:
        """The same file opens whole."""
        assert opened(open_model, xmile(folder)) is not None


class TestBombs:
    """Small files that stand for large things are refused, with the limit and what to do."""

    REFUSED: ClassVar = {
        "subscript range": "D: (a1-a999999999) ~~|\nx[D] = 1 ~~|",
        "many subscript ranges": "".join(f"D{i}: (a{i}x1-a{i}x900000) ~~|\n" for i in range(40)),
        "subscript range with comments": "D: (a1-{b}a999{c}999999) ~~|\nx[D] = 1 ~~|",
        "product of dimensions": "".join(f"{d}: ({d}1-{d}1000) ~~|\n" for d in "ABCD") + "x[A,B,C,D] = 1 ~~|",
        "brackets": f"x = {'(' * 10_000}1{')' * 10_000} ~~|",
        "function calls": f"x = {'ABS(' * 5_000}1{')' * 5_000} ~~|",
        "square brackets": f"x = y{'[' * 10_000} ~~|",
        "operators": f"x = {'+'.join('y' * 50_000)} ~~|\ny = 1 ~~|",
        "long expression": f"x = MAX({','.join('1' * 200_000)}) ~~|",
        "long number": f"x = {'9' * 5_000} ~~|",
        "long number in a table": f"t((0,{'9' * 5_000}),(1,1)) ~~|\nx = t(Time) ~~|",
    }
    NEVER_MIND: ClassVar = {
        "tower of powers": "x = 9^9^9^9^9^9 ~~|",
        "tower of comparisons": f"x = ({'+'.join(['(1<2)'] * 9)})^({'+'.join(['(1<2)'] * 9)})^9^9 ~~|",
        "chain of squares": "x0 = 99999999 ~~|\n" + "".join(f"x{i + 1} = x{i}*x{i} ~~|\n" for i in range(60)),
        "unclosed brackets": f"x = {'(' * 100_000} ~~|",
        "unclosed quotes": 'x = "' * 20_000 + " ~~|",
        "unclosed comments": "x = 1 ~~|\n" + "{" * 20_000,
        "order of a delay": "x = DELAY N(Time, 5, 0, 1e9) ~~|",
        "order of a smooth": "x = SMOOTH N(Time, 5, 0, 1e9) ~~|",
        "length of a fixed delay": "x = DELAY FIXED(Time, 1e12, 0) ~~|",
        "sum over the product of dimensions": (
            "".join(f"{d}: ({d}1-{d}1000) ~~|\ny{d}[{d}] = 1 ~~|\n" for d in "ABCD")
            + "x = SUM(yA[A!]*yB[B!]*yC[C!]*yD[D!]) ~~|"
        ),
        "macro that calls itself": ":MACRO: mac(p : out)\nout = mac(p) + mac(p) ~~|\n:END OF MACRO:\nx = mac(1) ~~|",
        "circle of ranges": "D: E ~~|\nE: D ~~|\nx[D] = 1 ~~|",
        "range of itself": "D: D, a ~~|\nx[D] = 1 ~~|",
    }

    @BOTH
    @pytest.mark.parametrize("equations", REFUSED.values(), ids=REFUSED)
    def test_refused(self, folder: Path, open_model: Open, equations: str) -> None:
        """What would exhaust memory or time is not even parsed."""
        with pytest.raises(ModelError):
            open_model(vensim(folder, equations))

    @BOTH
    @pytest.mark.parametrize("equations", NEVER_MIND.values(), ids=NEVER_MIND)
    def test_harmless(self, folder: Path, open_model: Open, equations: str) -> None:
        """Refused or not, it ends soon."""
        opened(open_model, vensim(folder, equations))

    @pytest.mark.parametrize(("final", "step"), [("1", "1e-12"), ("1e300", "1"), ("1", "0"), ("1", "-1"), ("1", "0/0")])
    def test_steps(self, folder: Path, final: str, step: str) -> None:
        """A run that would not end is refused; opening the file alone does no harm."""
        path = vensim(folder, "x = 1 ~~|", final=final, step=step)
        opened(load, path)
        with pytest.raises(ModelError):
            replay(path)

    @BOTH
    def test_slow_encoding(self, folder: Path, open_model: Open) -> None:
        """An encoding that decodes in quadratic time is not believed."""
        path = vensim(folder, "x = 1 ~~|")
        path.write_text(path.read_text().replace("{UTF-8}", "{punycode}") + " " * 3_000_000)
        opened(open_model, path)

    def test_large_file(self, folder: Path) -> None:
        """A file beyond the limit is refused by its size, unread."""
        path = folder / "model.mdl"
        with path.open("wb") as file:
            file.truncate(10**12)
        for open_model in (load, replay):
            with pytest.raises(UnreadableModel, match="bytes"):
                open_model(path)


def ended(open_model: Open, path: Path, seconds: int) -> bool:
    """Whether a file is opened or refused with an error of ours before a child process has computed for so long.

    The kernel counts the time that the child computes, so that other work on the machine does not matter.
    """
    child = os.fork()
    if not child:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            opened(open_model, path)
            status = 0
        except BaseException:  # the child must not go on as a second test run
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


class TestTime:
    """No small file keeps us busy: what grows with its square, or doubles with each line, is not done or is refused."""

    SECONDS = 15  # what each of these files needs now is under 3; without the defence, minutes to centuries
    DOUBLING_MACROS = "".join(
        f":MACRO: M{i + 1}(a)\nM{i + 1} = M{i}(a) + M{i}(a) ~~|\n:END OF MACRO:\n" for i in range(60)
    )
    DEEP_MACROS = "".join(f":MACRO: M{i + 1}(a)\nM{i + 1} = M{i}(a) ~~|\n:END OF MACRO:\n" for i in range(500))
    MACRO = ":MACRO: M0(a)\nM0 = a ~~|\n:END OF MACRO:\n"
    FILES: ClassVar = {
        "ranges that double": "D0: a, b ~~|\n" + "".join(f"D{i + 1}: D{i}, D{i} ~~|\n" for i in range(60)),
        "ranges that double and grow": (
            "D0: a, b ~~|\n" + "".join(f"D{i + 1}: D{i}, c{i}, D{i} ~~|\n" for i in range(60))
        ),
        "ranges of one large range": "D0: (a1-a900000) ~~|\n" + "".join(f"D{i + 1}: D{i} ~~|\n" for i in range(60)),
        "ranges that grow by one": "D0: a ~~|\n" + "".join(f"D{i + 1}: D{i}, a{i} ~~|\n" for i in range(1500)),
        "macros that double": f"{MACRO}{DOUBLING_MACROS}x = M60(1) ~~|",
        "macros in macros": f"{MACRO}{DEEP_MACROS}x = M500(1) ~~|",
        "pattern as separator": "x = GET DIRECT CONSTANTS('a.csv', '(a+)+$', 'A1') ~~|",
        "pattern that begins with a letter": "x = GET DIRECT CONSTANTS('a.csv', 'a(a+)+$', 'A1') ~~|",
        "backslashes": "x = 1 ~~|\n" + "\\" * 400_000,
        "backslashes in documentation": "x = 1 ~~" + "\\" * 400_000 + "|",
        "comments that never close": "x = 1 ~~|\n" + "y { = 2 ~~|\n" * 20_000,
        "brackets in a unit": "x = 1 ~" + "[" * 150_000 + "~|",
        "flat table with a letter": f"t({'11,' * 60}x) ~~|\nx = t(Time) ~~|",
        "blanks behind :MACRO:": f":MACRO:{' ' * 20_000}~~|\nx = 1 ~~|",
        "settings": "x = 1 ~~|\n\\\\\\---/// \n///---\\\\\\\n" + "15:0,0,0,0\n" * 200_000,
        "unknown names": "".join(f"variable {i} = something {i} ~~|\n" for i in range(4000)),
    }
    LONG = frozenset(("comments that never close", "unknown names"))  # PySD takes long to stumble over them

    @pytest.mark.parametrize("equations", FILES.values(), ids=FILES)
    def test_load(self, folder: Path, equations: str) -> None:
        """Opened or refused."""
        (folder / "a.csv").write_text("a" * 40 + "!\n")
        assert ended(load, vensim(folder, equations), self.SECONDS)

    @pytest.mark.parametrize("name", sorted(set(FILES) - LONG))
    def test_replay(self, folder: Path, name: str) -> None:
        """By PySD as well."""
        (folder / "a.csv").write_text("a" * 40 + "!\n")
        assert ended(replay, vensim(folder, self.FILES[name]), self.SECONDS)

    PARTS: ClassVar = {
        "digits in a table": {"points": "0," + "1" * 400_000 + "x"},
        "blanks in a table": {"points": "0," + " " * 400_000 + "x"},
        "braces in documentation": {"doc": "{" * 400_000},
        "braces in an equation": {"eqn": "1" + "{" * 190_000},
    }

    @BOTH
    @pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
    def test_xmile(self, folder: Path, open_model: Open, parts: dict[str, str]) -> None:
        """Nor a file of another format."""
        assert ended(open_model, xmile(folder, **parts), self.SECONDS)

    def test_the_bound_holds(self, folder: Path) -> None:
        """What computes on is ended, and what raises another error is told apart."""

        def endless(_path: Path) -> None:
            while True:
                pass

        def wrong(_path: Path) -> None:
            raise KeyError

        path = vensim(folder, "x = 1 ~~|")
        assert not ended(endless, path, 1)
        assert not ended(wrong, path, 1)
        assert ended(load, path, self.SECONDS)
