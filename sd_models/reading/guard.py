"""Model files are untrusted: what they may make a reader do, and how large they may be.

PySD's translators hand parts of a model file to `eval`; under `guarded()` they get `literal` instead, which knows
numbers, lists of numbers and quoted texts only. `inside` keeps file references in the folder of the model, and the
`check_` functions bound what a file may make us hold in memory. Everything raises `UnsafeModel` or `UnreadableModel`.

Why shadow names in PySD's modules instead of parsing beside PySD: its grammars and visitors are what makes our reading
equal to PySD's. A test walks PySD's front end for further `eval` and `exec`, so that no new release brings one unseen.
"""

from __future__ import annotations

import ast
import re
import stat
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import SimpleNamespace
from typing import TypeAlias

from lxml import etree

from ..errors import Fault, UnreadableModel, UnsafeModel, nearest
from .shadows import Shadows

Literal: TypeAlias = "int | float | str | tuple[Literal, ...] | list[Literal]"

# Generous for real models: the largest public ones have ten thousand variables in files of ten megabytes, half of them
# sketch. PySD's grammar reads about 25,000 characters a second and takes two kilobytes of memory for each.
MODEL_BYTES = 50_000_000
EQUATION_CHARACTERS = 10_000_000
ENTRIES = 100_000
EXPRESSION_CHARACTERS = 200_000
OPERATORS = 2_000  # in one expression; a chain of operators is as deep a tree as it is long
NESTING = 100  # brackets in brackets
FRAMES = 10_000  # Python's recursion limit while PySD parses: it needs up to thirty frames for one bracket
DIGITS = 50  # of one number; a float holds 17
SUBSCRIPTS = 1_000_000  # elements of all numeric ranges
STEPS = 10_000_000
DATA_BYTES = 200_000_000
UNPACKED_BYTES = 300_000_000
ROWS = 2_000_000  # of a spreadsheet or text table; spreadsheets have half as many

SPREADSHEETS = frozenset((".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".odf", ".odt"))
# Without archives such as .gz, which pandas would unpack; .nc is a stored run.
DATA_KINDS = SPREADSHEETS | frozenset((".csv", ".tab", ".tsv", ".txt", ".dat", ".nc", ""))

SKETCH_MARK = re.compile(r"\\\\---///")
QUOTED = r'"(?:\\"|\\\s*\n|[^"\n])*"'
CUTS = re.compile(r"[|~]")
CUTS_OR_QUOTED = re.compile(rf"[|~]|{QUOTED}")
BRACKETS = re.compile(r"[()\[\]{}]")
NUMBER = re.compile(r"(?<![\w.])[\d.]+(?:[eE][+-]?\d+)?")
LONG_NUMBER = re.compile(rf"\d{{{DIGITS + 1}}}")
OPERATOR = re.compile(r"(?<![(,\[{\s])\s*[-+*/^<>=]|:\s*(?:AND|OR|NOT)\s*:|\b(?:and|or|mod)\b", re.IGNORECASE)

SEPARATOR = re.compile(r"[\w ]+|\\t")  # longer than one character: nothing that means more to a pattern than itself
LITERAL = re.compile(r"[\d\s+\-.,eE()\[\]]*", re.ASCII)
LITERAL_NESTING = 4
TERM = r"[+-]?\s*(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
SUM = re.compile(rf"{TERM}(?:\s*(?=[+-]){TERM})+", re.ASCII)
LEADING_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)")
TEXT = re.compile(r"""'[^'\n\0]*'|"[^"\n\0]*\"""")


def literal(text: str) -> Literal:
    """The value of a number, of numbers in brackets, or of a quoted text: all that PySD rightly asks `eval` for.

    >>> literal("[(0,0),(10,1.5)]")
    [(0, 0), (10, 1.5)]

    A sum of numbers is one as well: PySD's grammar takes it for an array of signed numbers.

    Backslashes in a quoted text stay as they are: they part folders, and Vensim knows no escapes.
    """
    text = text.strip()
    if TEXT.fullmatch(text):
        return text[1:-1]
    advice = "Only numbers, points such as (0,1),(2,3) and quoted texts may stand there."
    if not LITERAL.fullmatch(text) or _depth(text) > LITERAL_NESTING:
        raise UnsafeModel(Fault(f"{text[:60]!r} stands where numbers are expected.", advice=advice))
    check_expression(text)
    if SUM.fullmatch(text):
        return sum(float(re.sub(r"\s", "", term)) for term in re.findall(TERM, text))
    try:
        value: Literal = ast.literal_eval(LEADING_ZEROS.sub("", text))
    except (ValueError, SyntaxError) as error:
        raise UnsafeModel(Fault(f"{text[:60]!r} is no number and no list of points.", advice=advice)) from error
    return value


def _numbered(start: int, stop: int) -> range:
    """The numbers of a numeric subscript range; those of a whole file are limited together."""
    _expansion.elements += max(0, stop - start)
    if _expansion.elements > SUBSCRIPTS:
        found = f"numeric subscript ranges with {_expansion.elements:,} elements; the limit is {SUBSCRIPTS:,}."
        raise UnsafeModel(Fault(found, advice="Use shorter ranges."))
    return range(start, stop)


def xml(source: bytes, *, file: str = "", encoding: str | None = None) -> etree._Element:
    """The root of an XML document, read without document types, entities and network, and without repairs.

    One departure from XML is common in Stella's files and harmless: a name prefix that is not declared.
    """
    parser = etree.XMLParser(encoding=encoding, resolve_entities=False, load_dtd=False, no_network=True, recover=True)
    root = etree.fromstring(source, parser) if source.strip() else None
    faults = [entry for entry in parser.error_log if entry.domain != etree.ErrorDomains.NAMESPACE]
    if faults or root is None:
        found = f"is not well-formed XML: {faults[0].message.strip() if faults else 'it is empty'}."
        advice = "Is the file cut off? Save it again from the program that made it."
        line = faults[0].line if faults else 0
        raise UnreadableModel(Fault(found, file=file, line=line, advice=advice))
    if root.getroottree().docinfo.internalDTD is not None:
        advice = "Remove the DOCTYPE; a model needs none."
        raise UnsafeModel(Fault("declares a document type, which can define entities.", file=file, advice=advice))
    return root


def _strict_document(source: str, **_options: object) -> etree._ElementTree:
    """What PySD's XMILE reader gets for the file, whatever parser it asks for."""
    path = Path(source)
    return xml(content(path), file=path.name, encoding="utf-8").getroottree()


SHADOWS = (
    ("pysd.translators.vensim.vensim_element", "eval", literal),
    ("pysd.translators.vensim.vensim_element", "range", _numbered),
    ("pysd.translators.xmile.xmile_element", "eval", literal),
    (
        "pysd.translators.xmile.xmile_file",
        "etree",
        SimpleNamespace(parse=_strict_document, XMLParser=lambda **_options: None, _Element=etree._Element),
    ),
)


class _Expansion(threading.local):
    """Open `guarded` blocks of a thread, and the elements of numeric ranges since the outermost began."""

    blocks = 0
    elements = 0


@dataclass
class _Parsers(Shadows):
    """PySD's translators with names shadowed, and room for deep expressions."""

    frames: int = 0

    def _put(self) -> None:
        self.frames = sys.getrecursionlimit()
        sys.setrecursionlimit(max(self.frames, FRAMES))
        super()._put()

    def _take_away(self) -> None:
        sys.setrecursionlimit(self.frames)
        super()._take_away()


_parsers = _Parsers(SHADOWS)
_expansion = _Expansion()


@contextmanager
def guarded() -> Iterator[None]:
    """PySD's translators without `eval`, with bounded ranges, strict XML and room for nested brackets.

    Blocks may nest, and may be open in several threads at once.
    """
    if not _expansion.blocks:
        _expansion.elements = 0
    _expansion.blocks += 1
    try:
        with _parsers.open():
            yield
    finally:
        _expansion.blocks -= 1


def content(path: Path) -> bytes:
    """The bytes of a model file, which must be a regular file of bounded size."""
    check_file(path, MODEL_BYTES, "Is it a model? Remove what does not belong to it, such as stored runs.")
    return path.read_bytes()


def check_file(path: Path, most: int, advice: str) -> None:
    """Raises unless `path` is a regular file (no folder, device or pipe) of at most `most` bytes."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        hint = nearest(path.name, _beside(path)) or "Check name and folder."
        raise UnreadableModel(Fault("there is no such file.", file=path.name, advice=hint)) from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableModel(Fault("is not a regular file.", file=path.name, advice="Name a file, not a folder."))
    check_count("bytes", status.st_size, most, advice, file=path.name)


def _beside(path: Path) -> list[str]:
    """The names of files in the folder of a path, none where there is no such folder."""
    try:
        return [item.name for item in path.parent.iterdir()]
    except (OSError, ValueError):  # also a name too long, or one with zeros in it
        return []


def inside(folder: Path, reference: str) -> Path:
    """The data file that a model in `folder` refers to, links resolved, as `placed_inside` says."""
    path = placed_inside(folder, reference)
    check_data(path)
    return path


def placed_inside(folder: Path, reference: str) -> Path:
    """The path that a model in `folder` refers to, links resolved; it must lie in that folder.

    Windows spelling (`data\\prices.xlsx`) is understood. Absolute paths, drives, network shares, ways and links out of
    the folder, devices and pipes, other kinds of files, and files too large to read are refused.
    """
    name = reference.strip().replace("\\", "/")
    if not name or "\0" in name or name.startswith("?"):
        advice = "Write the name of a file beside the model."
        raise UnreadableModel(Fault(f"{reference!r} names no file.", advice=advice))
    found = f"{reference!r} leads out of the folder of the model."
    outside = Fault(found, advice="Put the file beside the model and refer to it by its name.")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise UnsafeModel(outside)
    try:
        path = (folder / name).resolve()
    except (OSError, RuntimeError) as error:  # a name too long, or links in a circle
        raise UnreadableModel(Fault(f"{reference!r} cannot be found.", advice="Check the name.")) from error
    if not path.is_relative_to(folder.resolve()):
        raise UnsafeModel(outside)
    return path


def check_data(path: Path) -> None:
    """Raises unless the file is a spreadsheet, a text table or a stored run, of bounded size also when unpacked."""
    suffix = path.suffix.lower()
    if suffix not in DATA_KINDS:
        advice = "Save the data as .csv or .xlsx."
        raise UnsafeModel(Fault(f"files of kind {suffix!r} are not read.", file=path.name, advice=advice))
    check_file(path, DATA_BYTES, "Keep only the cells that the model reads.")
    if suffix in SPREADSHEETS and zipfile.is_zipfile(path):
        advice = "Keep only the cells that the model reads."
        check_count("bytes when unpacked", _unpacked(path), UNPACKED_BYTES, advice, file=path.name)


def _unpacked(path: Path) -> int:
    """The size that the archive declares; Python reads no more of it than that."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        advice = "Save the spreadsheet again."
        raise UnreadableModel(Fault("is a damaged spreadsheet.", file=path.name, advice=advice)) from error


def check_cells(path: Path, tab: object, *cells: object) -> None:
    """Raises unless the arguments of a GET DIRECT or GET XLS function name a part of the file that can be read.

    `tab` is the sheet of a spreadsheet, or the separator of a text table, which pandas would take for a pattern if it
    were longer than one character; some patterns take forever.
    """
    for argument in (tab, *cells):
        if not isinstance(argument, str):
            advice = "Put sheet and cells in single quotes."
            raise UnreadableModel(
                Fault("an argument beside the file's name is no text.", file=path.name, advice=advice)
            )
    if path.suffix.lower() not in SPREADSHEETS and len(str(tab)) > 1 and not SEPARATOR.fullmatch(str(tab)):
        advice = "Separate the columns by one character, as ',' or ';'."
        raise UnsafeModel(Fault(f"{tab!r} is no separator of columns.", file=path.name, advice=advice))
    for row in (row for cell in cells for row in re.findall(r"\d+", str(cell))):
        if len(row) > DIGITS or int(row) > ROWS:
            advice = "Name a cell of the table."
            raise UnsafeModel(Fault(f"there is no row {row[:DIGITS]}.", file=path.name, advice=advice))


def check_text(text: str, *, file: str = "") -> None:
    """Raises `UnsafeModel` for Vensim text that would exhaust memory or time when parsed; linear in the text."""
    equations = SKETCH_MARK.split(text, maxsplit=1)[0]
    check_count("characters of equations", len(equations), EQUATION_CHARACTERS, "Split the model.", file=file)
    count = 0
    for line, equation in _equations(equations):
        count += 1
        check_expression(equation, file=file, line=line)
    check_count("equations", count, ENTRIES, "Use subscripts instead of copies of equations.", file=file)


def _equations(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of what stands between a bar and the first tilde behind it; comments stay in."""
    start = position = tildes = 0
    line = 1
    while match := (CUTS if tildes > 1 else CUTS_OR_QUOTED).search(text, position):  # documentation may hold any quote
        position = match.end()
        if match.group() == "~":
            if not tildes:
                yield _placed(line, text[start : match.start()])
            tildes += 1
        elif match.group() == "|":
            line += text.count("\n", start, position)
            start, tildes = position, 0
    if not tildes:
        yield _placed(line, text[start:])


def _placed(line: int, text: str) -> tuple[int, str]:
    """The line on which the text begins behind white space, and the text without it."""
    stripped = text.lstrip()
    return line + text.count("\n", 0, len(text) - len(stripped)), stripped


def check_expression(text: str, *, file: str = "", line: int = 0) -> None:
    """Raises `UnsafeModel` for one equation that is too long, too deeply nested, or holds endless numbers."""
    advice = "Keep the numbers in a spreadsheet (GET DIRECT CONSTANTS), or split the equation."
    check_count("characters in one equation", len(text), EXPRESSION_CHARACTERS, advice, file=file, line=line)
    bare = re.sub(QUOTED, "q", text)
    if LONG_NUMBER.search(bare):
        fault = Fault(f"a number has more than {DIGITS} digits.", file=file, line=line, advice="Write it like 1e60.")
        raise UnsafeModel(fault)
    check_count("brackets inside one another", _depth(bare), NESTING, "Split the equation.", file=file, line=line)
    operators = sum(1 for _ in OPERATOR.finditer(NUMBER.sub("0", bare)))
    check_count("operators in one equation", operators, OPERATORS, "Split the equation.", file=file, line=line)


def check_ranges(ranges: Mapping[str, object]) -> None:
    """Raises for subscript ranges that contain each other, or by way of other ranges more elements than fit.

    A range is given as the list of its elements and ranges; those that are given otherwise count as elements.
    """
    lists = {name: elements for name, elements in ranges.items() if isinstance(elements, list | tuple)}
    check_unfolding("subscript range", lists, SUBSCRIPTS)


def check_unfolding(kind: str, parts: Mapping[str, Sequence[str]], most: int) -> None:
    """Raises where something is a part of itself, or unfolds to more than `most` parts that have none of their own."""
    graph = {name: {part for part in given if part in parts} for name, given in parts.items()}
    counts: dict[str, int] = {}
    try:
        for name in TopologicalSorter(graph).static_order():
            counts[name] = sum(counts.get(part, 1) for part in parts[name])
            check_count(f"parts in the {kind} {name!r}", counts[name], most, f"Use fewer {kind}s in others.")
    except CycleError as error:
        circle = ", ".join(repr(name) for name in error.args[1][1:])
        raise UnreadableModel(Fault(f"a {kind} is a part of itself: {circle}.", advice="Break the circle.")) from error


def check_steps(initial: float, final: float, step: float, *, file: str = "") -> int:
    """The number of steps of a run; raises where it would never end, or have more than the limit."""
    if not step > 0:  # NaN as well
        found = f"with a TIME STEP of {step!r} a run would never end."
        raise UnsafeModel(Fault(found, file=file, advice="Give TIME STEP a positive value."))
    steps = (final - initial) / step
    if not steps <= STEPS:
        found = f"a run takes {steps:,.0f} steps; the limit is {STEPS:,}."
        raise UnsafeModel(Fault(found, file=file, advice="Use a larger TIME STEP or a shorter horizon."))
    return max(0, round(steps))


def check_count(what: str, count: int, most: int, advice: str, *, file: str = "", line: int = 0) -> None:
    """Raises `UnsafeModel` where there are more than `most` of what a model may have."""
    if count > most:
        raise UnsafeModel(Fault(f"{count:,} {what}; the limit is {most:,}.", file=file, line=line, advice=advice))


def _depth(text: str) -> int:
    """The largest number of brackets that are open at once."""
    depth = deepest = 0
    for match in BRACKETS.finditer(text):
        depth = depth + 1 if match.group() in "([{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest
