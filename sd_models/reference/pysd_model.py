"""A model file as a model of PySD's, built and imported inside a private folder.

The file is parsed by PySD's own front end under the guard. Then everything that the model must not bring along is taken
off before PySD writes Python code: documentation, units and limits are kept aside, data files are checked and copied
into the private folder under names of ours, and the code files get names of ours as well. What PySD wrote is held
against `check_code` before it is imported. Nothing is written beside the model.

Why whole numbers become decimal ones: no modelling language knows integers, but PySD computes with Python's, which have
no bound (9^9^9^9 would fill the memory) and truncate a SMOOTH that starts with one. For the same reason the base of a
power is multiplied with 1.0. Tables are written with all their digits; PySD itself rounds them to eight decimals.

Why a step of our own: PySD takes it with all stocks in one NumPy array, which cannot hold stocks over [region] beside
stocks over [region, measure] unless one without subscripts is among them. Stock by stock, the numbers are the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
import pysd
import xarray as xr
from pysd.builders.python import python_model_builder
from pysd.py_backend.data import Columns, Data
from pysd.py_backend.model import Macro, Model
from pysd.py_backend.statefuls import Delay, DelayFixed, DelayN, DynamicStateful, Smooth
from pysd.translators.structures import abstract_expressions as ast
from pysd.translators.structures.abstract_model import (
    AbstractComponent,
    AbstractData,
    AbstractElement,
    AbstractModel,
    AbstractSection,
)
from pysd.translators.vensim.vensim_file import VensimFile
from pysd.translators.xmile.xmile_file import XmileFile

from ..errors import Fault, ModelError, UnreadableModel
from ..reading.cells import Sheets
from ..reading.data_folder import DataFolder, data_folder
from ..reading.encodings import decoded
from ..reading.external import SEPARATORS, parts, references
from ..reading.grids import Grids
from ..reading.guard import (
    SKETCH_MARK,
    STEPS,
    check_cells,
    check_count,
    check_data,
    check_expression,
    check_ranges,
    check_text,
    check_unfolding,
    content,
    guarded,
    xml,
)
from ..reading.xmile.document import xml_source
from ..system.model import MISSING, key
from .generated_code import check_code
from .patches import FUNCTIONS

CHARACTERS = 3_000_000  # of equations: PySD takes 600 bytes and 10 microseconds for each before it parses any
XMILE_EXPRESSIONS = ("{*}eqn", "{*}inflow", "{*}outflow", "{*}start", "{*}stop", "{*}dt")
ELEMENTS = 1_000_000  # of one variable
ALL_ELEMENTS = 20_000_000  # of all variables together, and of an array inside an expression
ORDER = 10_000  # of a delay or smooth
MACROS = 3_000  # copies of macros; PySD imports a file for each
NA_NOTE = "PySD takes :NA: for NaN, which equals nothing; its model was given -2^109, as in Vensim."
REDUCTIONS = frozenset(("sum", "prod", "vmin", "vmax", "vector_select"))

Patch: TypeAlias = Callable[[Sequence[AbstractSection]], Sequence[str]]


def _unpatched(_sections: Sequence[AbstractSection]) -> Sequence[str]:
    return ()


@dataclass
class PrivateModel:
    """A model being built in `folder`; `descriptions` gives unit and documentation by the key of the name.

    The folder `regions` stands in for the one to which the file refers (see `data_folder`).
    """

    path: Path
    folder: Path
    regions: str | Path | None = None
    data_folder: DataFolder = field(init=False)
    files: dict[str, str] = field(default_factory=dict)  # name in the private folder to the reference in the model
    descriptions: dict[str, tuple[str, str]] = field(default_factory=dict)
    grids: Grids = field(default_factory=Grids)
    notes: list[str] = field(default_factory=list)
    advice: str = "Simulate it with the compiled engine."  # where PySD fails

    def load(self, data: Sequence[Path], controls: Mapping[str, float], patch: Patch = _unpatched) -> Model:
        """PySD's model, not initialized; `controls` replace control variables, `data` hold series by their name.

        `patch` may change the sections before code is made of them; what it says stands in `notes`.
        """
        with guarded():
            abstract = self.parsed()
            self.prepare(abstract, controls)
            self.notes.extend(patch(abstract.sections))
            code = self.built(abstract)
        for file in data:
            check_data(file)
            self.grids.add(file, SEPARATORS.get(file.suffix.lower(), ","))
        with FUNCTIONS.open():
            model = pysd.load(code, data_files=[str(file) for file in data] or None, initialize=False)
        _bound_delays(model.components)
        model._euler_step = lambda step: _advance(model, step)
        return model

    def parsed(self) -> AbstractModel:
        """What PySD's front end reads in the file."""
        source = content(self.path)
        if self.path.suffix.lower() == ".mdl":
            text, _ = decoded(source)
            check_text(text, file=self.path.name)
            length = len(SKETCH_MARK.split(text, maxsplit=1)[0])
            check_count("characters of equations", length, CHARACTERS, "PySD is too slow for it.", file=self.path.name)
            copy = self.folder / "model.mdl"
            copy.write_text(text, encoding="utf-8")
            parser = VensimFile(copy, encoding="utf-8")
        else:
            source, _ = xml_source(self.path)
            for node in xml(source, file=self.path.name, encoding="utf-8").iter(*XMILE_EXPRESSIONS):
                check_expression(node.text or "", file=self.path.name, line=node.sourceline or 0)
            copy = self.folder / "model.xmile"
            copy.write_bytes(source)
            parser = XmileFile(copy)
        parser.parse()
        return parser.get_abstract_model()

    def prepare(self, abstract: AbstractModel, controls: Mapping[str, float]) -> None:
        """Take off what the model must not bring along, and put the control values in."""
        _check_macros(abstract.sections)
        self.data_folder = data_folder(self.path, references(abstract), self.regions)
        for index, section in enumerate(abstract.sections):
            section.path = self.folder / (f"macro_{index}.py" if index else "model.py")
            for subscript in section.subscripts:
                if isinstance(subscript.subscripts, dict):
                    name, *cells = subscript.subscripts.values()
                    subscript.subscripts["file"] = self.copied(name, *cells[:-1])  # the last is a prefix
            check_ranges({subscript.name: subscript.subscripts for subscript in section.subscripts})
            for element in section.elements:
                self.prepare_element(element)
        for element in abstract.sections[0].elements:
            if key(element.name) in controls:
                element.components = [AbstractComponent(([], []), controls[key(element.name)])]

    def prepare_element(self, element: AbstractElement) -> None:
        """Keep unit and documentation aside; rewrite the equations."""
        self.descriptions[key(element.name)] = (element.units.strip(), element.documentation.strip())
        element.units, element.documentation, element.limits = "", "", (None, None)
        for component in element.components:
            component.ast = self.rewritten(component.ast)
        element.components = [_as_data(component) for component in element.components]

    def rewritten(self, tree: Any) -> Any:
        """The tree with decimal numbers, powers of decimal bases, and references to copies of files."""
        if isinstance(tree, ast.GetConstantsStructure | ast.GetDataStructure | ast.GetLookupsStructure):
            name, *cells = (getattr(tree, part.name) for part in fields(tree))
            tree.file = self.copied(name, *cells)
        elif isinstance(tree, int | np.integer) and not isinstance(tree, bool):
            return float(tree)
        elif isinstance(tree, float | np.ndarray) and self.is_vensim:
            return self.present(tree)
        elif isinstance(tree, list | tuple):
            return type(tree)(self.rewritten(part) for part in tree)
        elif is_dataclass(tree):
            for part in (part for part in fields(tree) if not part.name.endswith("_limits")):
                setattr(tree, part.name, self.rewritten(getattr(tree, part.name)))
        if isinstance(tree, ast.ArithmeticStructure) and "^" in tree.operators:
            *bases, exponent = tree.arguments
            tree.arguments = (*map(_decimal, bases), exponent)
        return tree

    @property
    def is_vensim(self) -> bool:
        """Whether the file is Vensim's."""
        return self.path.suffix.lower() == ".mdl"

    def present(self, numbers: Any) -> Any:
        """Numbers with :NA: as the one that it is in Vensim."""
        missing = np.isnan(numbers)
        if not np.any(missing):
            return numbers
        if NA_NOTE not in self.notes:
            self.notes.append(NA_NOTE)
        return np.where(missing, MISSING, numbers) if np.ndim(numbers) else MISSING

    def fill_raw_data(self, components: object) -> None:
        """Raw data of PySD's model, once it is read, with :NA: where nothing is given."""
        for element in (getattr(components, name) for name in dir(components)):
            if isinstance(element, Macro):
                self.fill_raw_data(element.components)
            elif isinstance(element, Data) and getattr(element, "interp", None) == "raw":
                element.data, element.nan = element.data.fillna(MISSING), _filled(element.nan)

    def copied(self, reference: object, *cells: object) -> str:
        """The name, in the private folder, of the copy of a data file in which these cells are asked for."""
        if not isinstance(reference, str):
            raise UnreadableModel(Fault("the name of a data file is no text.", advice="Put it in single quotes."))
        known = {original: name for name, original in self.files.items()}
        name = known.get(reference)
        if name is None:
            path = self.data_folder.file(reference)
            name = f"data_{len(self.files)}{path.suffix.lower()}"
            shutil.copyfile(path, self.folder / name)
            check_data(self.folder / name)  # again: the file may have changed since it was looked at
            self.files[name] = reference
        check_cells(self.folder / name, *cells)
        self.grids.add(self.folder / name, str(cells[0]))
        return name

    def built(self, abstract: AbstractModel) -> Path:
        """The main file of the Python code that PySD makes of the model, checked."""
        with _unformatted(), np.printoptions(floatmode="unique"):
            builder = python_model_builder.ModelBuilder(abstract)
            for section, built in zip(abstract.sections, builder.sections, strict=True):
                _check_sizes(section, built.subscripts.subscripts, self.path.name)
            code: Path = builder.build_model()
        macros = [section.path.name for section in abstract.sections[1:]]
        for section in abstract.sections:
            text = section.path.read_text(encoding="utf-8")
            check_code(text, files=self.files, macros=macros, file=self.path.name)
        return code

    def forget(self) -> None:
        """Let go of what PySD keeps of data files in its classes."""
        Sheets.clean()
        Columns.clean()

    def told(self, message: str) -> str:
        """A message of PySD's on one line, with the names that people know."""
        for name, original in self.files.items():
            message = message.replace(str(self.folder / name), original).replace(name, original)
        return " ".join(message.replace(f"{self.folder}/", "").split())

    def placed(self, fault: Fault) -> Fault:
        """The fault with the name of the file that people know."""
        return replace(fault, file=self.files.get(fault.file, fault.file) or self.path.name)

    @contextmanager
    def telling(self, kind: type[ModelError], verb: str) -> Iterator[None]:
        """Faults of PySD as errors of ours that name the file."""
        try:
            yield
        except Exception as error:  # PySD raises whatever the model provokes in it, numpy, pandas and Python
            cause = error if isinstance(error, ModelError) else error.__cause__
            if isinstance(cause, ModelError):
                raise type(cause)(self.placed(fault) for fault in cause.faults) from error
            message = self.told(str(error))[:300].rstrip(".") or "no reason given"
            found = f"PySD cannot {verb} it: {type(error).__name__}: {message}."
            raise kind(Fault(found, file=self.path.name, advice=self.advice)) from error


def _filled(missing: Any) -> Any:
    return missing.fillna(MISSING) if isinstance(missing, xr.DataArray) else MISSING


def _as_data(component: AbstractComponent) -> AbstractComponent:
    """GET DIRECT DATA behind `=` as data, which PySD takes it for behind `:=` only."""
    if isinstance(component.ast, ast.GetDataStructure) and not isinstance(component, AbstractData):
        return AbstractData(component.subscripts, component.ast, keyword=None)
    return component


def _decimal(base: Any) -> Any:
    """The base of a power as a decimal number; a plain number already is one."""
    return base if isinstance(base, float) else ast.ArithmeticStructure(["*"], (1.0, base))


@contextmanager
def _unformatted() -> Iterator[None]:
    """PySD without its formatter, which costs more time than all the rest and changes nothing but the looks."""
    formatter = python_model_builder.black
    python_model_builder.black = SimpleNamespace(
        format_file_contents=lambda text, **_options: text, FileMode=lambda: None
    )
    try:
        yield
    finally:
        python_model_builder.black = formatter


def _check_macros(sections: Sequence[AbstractSection]) -> None:
    """Raises for macros that call themselves, or each other so often that PySD would copy them without end."""
    calls = {
        section.name: [call for e in section.elements for component in e.components for call in _called(component.ast)]
        for section in sections
    }
    known = {name: ["itself", *(call for call in found if call in calls)] for name, found in calls.items()}
    check_unfolding("macro", known, MACROS)


def _called(tree: Any) -> Iterator[str]:
    """The functions and macros that an expression calls."""
    if isinstance(tree, ast.CallStructure):
        yield tree.function.reference
    for part in parts(tree):
        yield from _called(part)


def _check_sizes(section: AbstractSection, ranges: Mapping[str, Sequence[str]], file: str) -> None:
    """`UnsafeModel` for a section whose arrays would not fit into memory."""
    sizes = {name: len(elements) for name, elements in ranges.items()}
    total = 0
    for element in section.elements:
        largest = 1
        for component in element.components:
            largest = max(largest, _count(component.subscripts[0], sizes))
            _axes(component.ast, sizes, file)
        advice = f"Use fewer or smaller subscript ranges in {element.name!r}."
        check_count("elements in one variable", largest, ELEMENTS, advice, file=file)
        total += largest
    check_count("elements in all variables", total, ALL_ELEMENTS, "Use smaller subscript ranges.", file=file)


def _count(axes: Sequence[str] | frozenset[str], sizes: Mapping[str, int]) -> int:
    """The number of elements over the axes; a single element counts one."""
    count = 1
    for axis in axes:
        count *= sizes.get(axis.removesuffix("!"), 1)
    return count


def _axes(tree: Any, sizes: Mapping[str, int], file: str) -> frozenset[str]:
    """The axes of the array that PySD makes of an expression; `UnsafeModel` where it is too large."""
    if isinstance(tree, ast.SubscriptsReferenceStructure):
        return frozenset(tree.subscripts)
    axes: frozenset[str] = frozenset().union(*(_axes(part, sizes, file) for part in parts(tree)))
    check_count("elements in one expression", _count(axes, sizes), ALL_ELEMENTS, "Sum in several steps.", file=file)
    reduces = isinstance(tree, ast.CallStructure) and tree.function.reference in REDUCTIONS
    return frozenset(axis for axis in axes if not axis.endswith("!")) if reduces else axes


def _advance(model: Macro, step: float) -> None:
    """Take one step of Euler's method: all derivatives first, then each stock its new value, as PySD does."""
    stocks = tuple(_stocks(model))
    values = [stock.state + stock.ddt() * step for stock in stocks]
    for stock, value in zip(stocks, values, strict=True):
        stock.update(value)


def _stocks(model: Macro) -> Iterator[DynamicStateful]:
    """What has a state in a model and in the macros that it calls, in PySD's order."""
    for element in model._dynamicstateful_elements:
        if isinstance(element, Macro):
            yield from _stocks(element)
        else:
            yield element


def _bound_delays(components: object) -> None:
    """Limit the memory that a delay or smooth may take for its order, a fixed delay for its length."""
    for element in (getattr(components, name) for name in dir(components)):
        if isinstance(element, Macro):
            _bound_delays(element.components)
        elif isinstance(element, Delay | DelayN | Smooth):
            element.order_func = _bounded(element.order_func)
        elif isinstance(element, DelayFixed):
            element.delay_time_func = _bounded_pipe(element.delay_time_func, element.tstep)


def _bounded(order: Callable[[], float]) -> Callable[[], float]:
    def checked() -> float:
        value = order()
        check_count("stages in a delay", int(np.ceil(value)), ORDER, "Use a DELAY FIXED.")
        return int(value) if value == int(value) else value

    return checked


def _bounded_pipe(delay: Callable[[], float], step: Callable[[], float]) -> Callable[[], float]:
    def checked() -> float:
        value = delay()
        check_count("steps in a DELAY FIXED", int(np.max(value) / step()), STEPS, "Use a shorter delay.")
        return value

    return checked
