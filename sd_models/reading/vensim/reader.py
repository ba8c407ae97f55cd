"""Vensim `.mdl` files: PySD's grammars and visitors, applied entry by entry.

PySD parses each left-hand side and each expression. What stands here is in front of it: decoding, cutting (see
`vensim_text`), and mending what PySD's grammar rejects though real files contain it. Faults are collected over the
whole file and raised once.

Why entry by entry, and not PySD's `VensimFile`: that folds the white space of the file before it cuts it, so no line
number survives, stops at the first fault, and loses the element lists of explicit subscript mappings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from parsimonious.exceptions import ParseError, ParsimoniousError
from pysd.translators.structures.abstract_expressions import DataStructure, GetLookupsStructure
from pysd.translators.structures.abstract_model import (
    AbstractComponent,
    AbstractControlElement,
    AbstractData,
    AbstractElement,
    AbstractModel,
    AbstractSection,
    AbstractSubscriptRange,
)
from pysd.translators.vensim.vensim_element import (
    Component,
    Constraint,
    Element,
    EquationVisitor,
    Lookup,
    SubscriptRange,
    TestInput,
)
from pysd.translators.vensim.vensim_structures import parsing_ops
from pysd.translators.vensim.vensim_utils import Grammar

from ...errors import Fault, ModelError, UnreadableModel
from ...system.model import MISSING, Correspondence, Method, key
from ..encodings import ADVICE, decoded, guess_note
from ..guard import check_text, content, guarded
from ..source import Source
from .text import Entry, TextSection, fold_space, sections, settings

CONTROL_NAMES = frozenset(("initial time", "final time", "time step", "saveper"))
# The fourth number of settings line 15 is the integration method, line 22 lists units that are equal.
METHOD_LINE, SYNONYM_LINE = 15, 22
METHODS = {"1": Method.RK4, "5": Method.RK4, "3": Method.RK2, "4": Method.RK2}

# Written so that a text matches in one way only and brackets end at the next one: what does not match is found out in
# linear time.
NUMBER = r"[+-]?\s*(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
BRACKETS = r"\[[^\[\]]*\]"
FLAT_TABLE = re.compile(rf"\(\s*({BRACKETS}\s*,\s*)?({NUMBER}(?:\s*,\s*{NUMBER})+)\s*\)$")
LONE_POINT = re.compile(rf'"(?:\\"|[^"])*"|(\(\s*(?:{BRACKETS}\s*,\s*)?\(\s*{NUMBER}\s*,\s*{NUMBER}\s*\)\s*)\)')
BARE_NAME = re.compile(r'^("(?:\\"|[^"])*"|[^\s\W][^=:()\[\]<>"]*)\s*(\[[^\]]*\])?$')
ARROW = re.compile(r"(?<!<)->")  # `<->` copies a range
QUOTED_NAME = re.compile(r'"(?:\\"|[^"])*"')


def read_vensim(path: Path) -> Source:
    """The parsed file; raises `UnreadableModel` with every fault of the file, `UnsafeModel` for a hostile one."""
    text, guessed = decoded(content(path))
    check_text(text, file=path.name)
    parts = [_Section(section, path) for section in sections(text, path.name)]
    with guarded():
        for part in parts:
            part.parse()
    encoding = [guess_note(path.name, guessed)] if guessed else []
    faults = [fault for part in parts for fault in part.faults]
    if faults:
        raise UnreadableModel([*faults, *_of_encoding(path, guessed)])
    return Source(
        path=path,
        model=AbstractModel(original_path=path, sections=tuple(part.abstract() for part in parts)),
        lines={(part.name, name): tuple(lines) for part in parts for name, lines in part.lines.items()},
        range_lines={name: line for part in parts for name, line in part.range_lines.items()},
        method=_method(settings(text).get(METHOD_LINE, ())),
        mappings={name: mapping for part in parts for name, mapping in part.mappings.items()},
        unit_synonyms=_synonyms(settings(text).get(SYNONYM_LINE, ())),
        notes=(*encoding, *(note for part in parts for note in part.notes)),
        groups={(part.name, name): group for part in parts for name, group in part.groups.items()},
    )


def _of_encoding(path: Path, guessed: str) -> list[Fault]:
    """That faults may come from an encoding that had to be guessed."""
    found = f"is not UTF-8; it was read as {guessed}, which may be why it cannot be understood."
    return [Fault(found, file=path.name, advice=ADVICE)] if guessed else []


def _method(lines: tuple[str, ...]) -> Method:
    numbers = lines[0].split(",") if lines else []
    return METHODS.get(numbers[3].strip(), Method.EULER) if len(numbers) > 3 else Method.EULER


def _synonyms(lines: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(word.strip() for word in line.split(",") if word.strip()) for line in lines)


class _Visitor(EquationVisitor):  # type: ignore[misc]
    """PySD's visitor, but a minus before a power negates the power, of a number too: -2^2 is -4, as in Vensim."""

    def visit_neg_expr(self, _node: object, children: list[str]) -> str:
        """Leave every sign to the power that follows."""
        if children[0] == "-":
            self.negatives.add(children[2])
        return children[2]

    def visit_nan(self, _node: object, _children: list[str]) -> str:
        """:NA: as the number that it is in Vensim; PySD takes it for NaN."""
        return self.add_element(MISSING)  # type: ignore[no-any-return]


def _parse(component: Component) -> None:
    """Parse the right-hand side of a component."""
    if isinstance(component, Lookup) or not component.expression:
        component.parse()
        return
    tree = Grammar.get("components", parsing_ops).parse(component.expression)
    component.ast = _Visitor(tree).translation
    component.lookup = isinstance(component.ast, GetLookupsStructure)


@dataclass
class _Section:
    """One section while it is being parsed."""

    text: TextSection
    path: Path
    ranges: list[AbstractSubscriptRange] = field(default_factory=list)
    elements: dict[str, AbstractElement] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    range_lines: dict[str, int] = field(default_factory=dict)
    mappings: dict[str, tuple[Correspondence, ...]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "__main__" if self.text.macro is None else self.text.macro.name

    def parse(self) -> None:
        for entry in self.text.entries:
            try:
                self._add(replace(entry, equation=_mended(entry.equation)))
            except ParsimoniousError as error:
                self.faults.append(self._fault(entry, error))
            except (ValueError, TypeError, LookupError, SyntaxError, RecursionError) as error:
                self.faults.append(self._fault(entry, error))
            except ModelError as error:
                name = _left_hand_name(entry.equation)
                placed = (replace(fault, variable=name, line=entry.line) for fault in error.faults)
                self.faults.extend(replace(fault, file=self.path.name) for fault in placed)

    def _add(self, entry: Entry) -> None:
        if BARE_NAME.match(entry.equation):
            self._add_component(entry, *_bare_data(entry.equation))
            return
        equation, mappings = _without_mappings(entry.equation)
        parsed = Element(equation, "", "").parse()
        if isinstance(parsed, SubscriptRange):
            self._add_range(entry, parsed, mappings)
        elif isinstance(parsed, Constraint | TestInput):
            self.notes.append(f"{self.path.name}:{entry.line}: the reality check {parsed.name!r} is not read.")
        elif isinstance(parsed, Component):
            _parse(parsed)
            self._add_component(entry, parsed.name, parsed.get_abstract_component())

    def _add_range(self, entry: Entry, parsed: SubscriptRange, mappings: str) -> None:
        self.range_lines.setdefault(parsed.name, entry.line)
        found = self.mappings[parsed.name] = _mappings(mappings)
        self.ranges.append(AbstractSubscriptRange(parsed.name, parsed.definition, [m.target for m in found]))

    def _add_component(self, entry: Entry, name: str, component: AbstractComponent) -> None:
        """PySD merges the components of an element; the last unit, limits and documentation given win."""
        index = key(name)
        kind = AbstractControlElement if index in CONTROL_NAMES else AbstractElement
        element = self.elements.setdefault(index, kind(name=name, components=[]))
        unit, limits = _unit_and_limits(entry.unit)
        element.units = unit or element.units
        element.limits = limits or element.limits
        element.documentation = entry.documentation or element.documentation
        element.components.append(component)
        self.lines.setdefault(element.name, []).append(entry.line)
        self.groups.setdefault(element.name, entry.group)

    def _fault(self, entry: Entry, error: Exception) -> Fault:
        name, cause = _left_hand_name(entry.equation), error.__cause__
        if isinstance(cause, ModelError):
            return replace(cause.faults[0], variable=name, file=self.path.name, line=entry.line)
        found = f"cannot read {_excerpt(entry.equation, error)!r}."
        advice = "Check the equation there: parentheses, commas, operators, quotes around special names."
        return Fault(found, variable=name, file=self.path.name, line=entry.line, advice=advice)

    def abstract(self) -> AbstractSection:
        macro = self.text.macro
        return AbstractSection(
            name=self.name,
            path=self.path,
            type="main" if macro is None else "macro",
            params=list(macro.inputs) if macro else [],
            returns=list(macro.outputs) if macro else [],
            subscripts=tuple(self.ranges),
            elements=tuple(self.elements.values()),
            constraints=(),
            test_inputs=(),
            split=False,
            views_dict=None,
        )


def _left_hand_name(equation: str) -> str:
    """The name at the beginning of an equation that the grammar does not read."""
    match = QUOTED_NAME.match(equation)
    return match.group() if match else re.split(r"[\[=(:<]", equation, maxsplit=1)[0].strip()


def _excerpt(equation: str, error: Exception) -> str:
    """The text from where the grammar stopped; the whole equation, shortened, where that is unknown."""
    if isinstance(error, ParseError) and isinstance(error.pos, int) and 0 < error.pos < len(str(error.text)):
        return str(error.text)[error.pos :][:40]
    return equation[:60]


def _mended(equation: str) -> str:
    """The equation in a form that PySD reads: flat tables become pairs, and a table of one point ends with a comma."""
    equation = LONE_POINT.sub(lambda match: f"{match[1]},)" if match[1] else match[0], equation)
    match = FLAT_TABLE.search(equation)
    is_table = match is not None and ("=" not in _outside_quotes(equation) or "LOOKUP" in equation.upper())
    if match is None or not is_table or "," not in match.group(2):
        return equation
    numbers = [re.sub(r"\s", "", number) for number in re.findall(NUMBER, match.group(2))]
    if len(numbers) % 2:
        raise ValueError("an odd count of numbers")
    half = len(numbers) // 2
    pairs = ",".join(f"({x},{y})" for x, y in zip(numbers[:half], numbers[half:], strict=True))
    return f"{equation[: match.start()]}({match.group(1) or ''}{pairs})"


def _outside_quotes(text: str) -> str:
    return QUOTED_NAME.sub("", text)


def _bare_data(equation: str) -> tuple[str, AbstractComponent]:
    """A data variable that the file only names: its values come from elsewhere."""
    match = BARE_NAME.match(equation)
    if match is None:
        raise ValueError(equation)
    name, subscripts = match.groups()
    names = [part.strip() for part in (subscripts or "[]")[1:-1].split(",") if part.strip()]
    return name.strip(), AbstractData(subscripts=(names, []), ast=DataStructure(), keyword=None)


def _unit_and_limits(text: str) -> tuple[str, tuple[float | None, float | None] | None]:
    """Unit and limits of `unit [lower, upper, increment]`; `?` is no limit."""
    opened = text.find("[", text.rfind("]", 0, -1) + 1) if text.endswith("]") else -1
    if opened < 0:
        return text, None
    bounds = [_bound(part) for part in text[opened + 1 : -1].split(",")][:2]
    return text[:opened].strip(), (bounds[0], bounds[1] if len(bounds) > 1 else None)


def _bound(text: str) -> float | None:
    return float(text) if re.fullmatch(NUMBER, text.strip()) else None


def _without_mappings(equation: str) -> tuple[str, str]:
    """A subscript range without what it maps to, and that text; PySD takes listed elements for those of the range."""
    covered = QUOTED_NAME.sub(lambda match: "q" * len(match.group()), equation)
    arrow = ARROW.search(covered)
    if arrow is None or "=" in covered[: arrow.start()]:
        return equation, ""
    return equation[: arrow.start()].strip(), equation[arrow.end() :]


def _mappings(targets: str) -> tuple[Correspondence, ...]:
    """The mappings behind `->` that list their elements; a bare name corresponds by position and lists none."""
    explicit = re.findall(r"\(\s*([^:()]+?)\s*:\s*([^()]*)\)", targets)
    plain = re.sub(r"\([^()]*\)", "", targets)
    return (
        *(Correspondence(fold_space(name), tuple((e.strip(),) for e in names.split(","))) for name, names in explicit),
        *(Correspondence(fold_space(name), ()) for name in plain.split(",") if name.strip()),
    )
