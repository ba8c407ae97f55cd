"""What an XMILE file says about a whole model: times and method of a run, dimensions, units."""

from __future__ import annotations

from collections.abc import Iterator

from pysd.translators.structures.abstract_expressions import ArithmeticStructure
from pysd.translators.structures.abstract_model import AbstractComponent, AbstractControlElement

from ...errors import Fault, UnreadableModel, UnsafeModel
from ...system.model import Correspondence, Method, key
from ..guard import SUBSCRIPTS
from .document import Faults, Tag
from .equations import parse_equation, referred
from .functions import Syntax
from .variables import Built
from .words import unquoted

METHODS = {"euler": Method.EULER, "rk2": Method.RK2, "rk4": Method.RK4}
CONTROLS = {"INITIAL TIME": "start", "FINAL TIME": "stop", "TIME STEP": "dt"}
CONTROL_NAMES = frozenset((*map(key, CONTROLS), "saveper"))
SAVE_INTERVAL = "{http://iseesystems.com/XMILE}save_interval"


def specifications(root: Tag) -> Tag | None:
    """The `<sim_specs>` of the file, or of its first model that has them."""
    found = (tag.first("sim_specs") for tag in (root, *root.all("model")))
    return next((specs for specs in found if specs), None)


def differs(specs: Tag, others: Tag) -> bool:
    """Whether two `<sim_specs>` ask for different runs."""
    return _run(specs) != _run(others)


def _run(specs: Tag) -> tuple[str, ...]:
    return (specs.get("method").lower(), *(specs.content(name) for name in CONTROLS.values()))


def controls(specs: Tag, faults: Faults, notes: list[str]) -> Iterator[Built]:
    """Start, stop, time step, and the interval of saving, which is the time step."""
    run = specs.first("run")
    if run is not None and run.get("by") not in ("", "all"):
        faults.add(f"it runs by {run.get('by')} only.", run, advice="Run the whole model.")
    for name, tag_name in CONTROLS.items():
        with faults.collecting(specs.first(tag_name) or specs, name):
            yield _control(name, _control_value(specs, tag_name), specs)
    yield _control("SAVEPER", referred("time step"), specs)
    interval = specs.get(SAVE_INTERVAL)
    if interval not in ("", "0", specs.content("dt")):
        notes.append(f"The file asks to save every {interval}; every time step is saved.")


def _control(name: str, value: Syntax, specs: Tag) -> Built:
    tag = specs.first(CONTROLS.get(name, "dt")) or specs
    component = AbstractComponent(([], []), value)
    return AbstractControlElement(name, [component], units=specs.get("time_units")), [tag.line]


def _control_value(specs: Tag, name: str) -> Syntax:
    """The value of `<start>`, `<stop>` or `<dt>`, which may be given as its reciprocal and is 1 by default."""
    tag = specs.first(name)
    if tag is None and name != "dt":
        raise UnreadableModel(Fault(f"<sim_specs> has no <{name}>.", advice="Give the time there."))
    value = parse_equation(tag.text) if tag else 1.0
    if tag is None or tag.get("reciprocal").lower() != "true":
        return value
    return 1.0 / value if isinstance(value, float) and value else ArithmeticStructure(["/"], (1.0, value))


def method(specs: Tag, faults: Faults, notes: list[str]) -> Method:
    """The first method in the list that is known here; the list is the file's own order of preference."""
    wanted = [word.strip().lower() for word in specs.get("method").split(",") if word.strip()]
    known = next((METHODS[word] for word in wanted if word in METHODS), None)
    if wanted and known is None:
        found = f"the integration method {', '.join(wanted)!r} is not known."
        faults.add(found, specs, advice="Choose Euler, RK2 or RK4.")
    elif known is not None and wanted[0] not in METHODS:
        notes.append(
            f"The integration method {wanted[0]!r} is not known here; {known}, the file's next choice, is used."
        )
    return known or Method.EULER


def dimensions(root: Tag, faults: Faults) -> dict[str, tuple[str, ...]]:
    """The elements of each dimension; numbered ones are called 1, 2, 3 and so on."""
    found: dict[str, tuple[str, ...]] = {}
    taken, left = set[str](), SUBSCRIPTS
    for tag in (dimension for group in root.all("dimensions") for dimension in group.all("dim")):
        name = unquoted(tag.get("name"))
        with faults.collecting(tag, name):
            if not name or key(name) in taken:
                advice = "Give it a name of its own."
                raise UnreadableModel(Fault("a dimension has no name, or one that is taken.", advice=advice))
            found[name] = _elements(tag, left)
            taken.add(key(name))
            left -= len(found[name])
    return found


def mappings(root: Tag) -> dict[str, tuple[Correspondence, ...]]:
    """The dimensions that each dimension corresponds to by position, as exporters from Vensim write."""
    tags = (dimension for group in root.all("dimensions") for dimension in group.all("dim"))
    return {
        unquoted(tag.get("name")): tuple(Correspondence(unquoted(to.text.strip()), ()) for to in targets)
        for tag in tags
        if (targets := tag.all("maps_to"))
    }


def _elements(tag: Tag, most: int) -> tuple[str, ...]:
    """The elements of one dimension, which may have so many at most."""
    named = tuple(unquoted(element.get("name")) for element in tag.all("elem"))
    size = tag.get("size")
    count = len(named) or (int(size) if size.isascii() and size.isdigit() and len(size) < 12 else 0)
    if not count:
        raise UnreadableModel(Fault("this dimension has no elements.", advice="List <elem> tags, or give a size."))
    if count > most:
        raise UnsafeModel(Fault(f"more than {SUBSCRIPTS:,} elements of dimensions.", advice="Use smaller dimensions."))
    if named and (not all(named) or len(set(map(key, named))) < count):
        raise UnreadableModel(Fault("two of its elements have the same name, or none.", advice="Rename one of them."))
    return named or tuple(str(number) for number in range(1, count + 1))


def unit_synonyms(root: Tag, notes: list[str]) -> Iterator[tuple[str, ...]]:
    """Units that are equal: a unit, its aliases, and the other unit that it is defined as."""
    for tag in (unit for group in root.all("model_units") for unit in group.all("unit")):
        if tag.get("disabled").lower() == "true":
            continue
        equation = tag.content("eqn")
        composed = bool(set(equation) & set("*/^-()"))
        if composed:
            notes.append(f"The unit {tag.get('name')!r} is defined as {equation!r}, which is not resolved.")
        group = (tag.get("name"), *(alias.text.strip() for alias in tag.all("alias")), "" if composed else equation)
        named = tuple(dict.fromkeys(name for name in group if name))
        if len(named) > 1:
            yield named
