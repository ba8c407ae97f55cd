"""XMILE files (`.xmile`, `.xml`, `.stmx`, `.itmx`) to PySD's abstract model.

The document is read strictly (`xmile_document`) and its names are gathered (`xmile_names`); then every variable becomes
an element (`xmile_variables`) with parsed equations (`xmile_words`, `xmile_equations`, `xmile_functions`), next to what
holds for the whole model (`xmile_settings`). Models that modules bring in become part of the main section, with
qualified names. Faults are collected over the whole file and raised once.

Why beside PySD's translator instead of behind it: that repairs broken XML, so that a file which is cut off loads with
variables missing; hands texts to `eval`; stops at the first fault; and knows no module, macro, comment, wildcard,
numbered dimension, table of an array element, IF inside an expression, and no constant but TIME. The abstract model is
what both readings share, so that everything behind sees one kind of model. We would go back once PySD reads these.

Why INT and MOD cut towards zero: so does PySD. XMILE rounds down, which differs for negative numbers; a note says so.

Why every time step is saved: XMILE knows no other interval, and vendors' attributes must not change what is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pysd.translators.structures.abstract_expressions import CallStructure
from pysd.translators.structures.abstract_model import (
    AbstractElement,
    AbstractModel,
    AbstractSection,
    AbstractSubscriptRange,
)

from ...errors import Fault, UnreadableModel, naming
from ...system.model import Method, key
from ..encodings import guess_note
from ..source import Flows, Source
from .document import Faults, Tag, read_document, xml_source
from .equations import trees
from .modules import referred_file, with_modules
from .names import TABLE, Declared, Macro, Names, declared_in, groups, modules
from .settings import CONTROL_NAMES, controls, differs, dimensions, mappings, method, specifications, unit_synonyms
from .variables import Behavior, Built, build, build_alias, build_table, flows, is_non_negative
from .words import unquoted

MAIN = "__main__"
ROUNDING_NOTE = "INT and MOD cut towards zero, as in PySD and Vensim; XMILE rounds down, which differs below zero."


def read_xmile(path: Path) -> Source:
    """The parsed file; raises `UnreadableModel` with every fault of the file, `UnsafeModel` for a hostile one."""
    with naming(path.name):
        document, notes = with_modules(read_document(path), path)
    _, guess = xml_source(path)
    return _File(path, document, [*([guess_note(path.name, guess)] if guess else []), *notes]).source()


@dataclass
class _File:
    """A file while it is being read."""

    path: Path
    root: Tag
    notes: list[str] = field(default_factory=list)
    lines: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    flows: dict[tuple[str, str], Flows] = field(default_factory=dict)
    uniflows: set[tuple[str, str]] = field(default_factory=set)
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        self.faults = Faults(self.path.name)

    def source(self) -> Source:
        """All parts of the file; raises every fault."""
        self._check_parts()
        models, macros, ranges = self._models(), self._macros(), dimensions(self.root, self.faults)
        names = self._names(models, {key(name): elements for name, elements in ranges.items()}, macros)
        elements = (*self._controls(), *self._elements(names, models, MAIN))
        sections = (
            self._section(MAIN, elements, ranges),
            *(self._macro_section(m, names) for m in macros.values()),
        )
        specs = specifications(self.root)
        integration = method(specs, self.faults, self.notes) if specs else Method.EULER
        synonyms = tuple(unit_synonyms(self.root, self.notes))
        self.faults.raise_all()
        return Source(
            path=self.path,
            model=AbstractModel(original_path=self.path, sections=sections),
            lines=self.lines,
            method=integration,
            mappings=mappings(self.root),
            unit_synonyms=synonyms,
            notes=tuple(dict.fromkeys(self.notes)),
            flows=self.flows,
            uniflows=frozenset(self.uniflows),
            groups={(MAIN, name): group for model, tag in models.items() for name, group in groups(tag, model)},
        )

    # --- parts of the file ------------------------------------------------------------------------------------------

    def _check_parts(self) -> None:
        """Faults and notes for parts of a model that lie elsewhere, are locked, or run apart from the rest."""
        advice = "Save the whole model in this one file."
        for tag in (include for header in self.root.all("header") for include in header.all("includes")):
            self.faults.add("it includes other files, which are not read.", tag, advice=advice)
        for model in self.root.all("model"):
            if model.get("resource"):
                self.faults.add(f"<model> {model.get('name')!r} lies in another file.", model, advice=advice)
            for module in modules(model):
                self._check_module(module)
            if model.get("encryption-scheme"):
                self.faults.add("a model of it is encrypted.", model, advice="Save it without a password.")
        if any(data.first("import") for data in self.root.all("data")):
            self.notes.append("The data that the file imports are not read; its own values stand.")
        specs = specifications(self.root)
        for own in (model.first("sim_specs") for model in self.root.all("model")):
            if own and specs and differs(own, specs):
                found = "a model runs with times or a step of its own, which cannot be compiled."
                self.faults.add(found, own, advice="Give the whole model one <sim_specs>.")

    def _check_module(self, module: Tag) -> None:
        """A fault for a module of which no model is known."""
        name = unquoted(module.get("name"))
        if key(name) not in {key(unquoted(model.get("name"))) for model in self.root.all("model")}:
            file = referred_file(module)
            found = f"the module {name!r} has no model{f' in the file {file!r}' if file else ''}."
            self.faults.add(found, module, advice="Save the whole model in this one file.", variable=name)

    def _models(self) -> dict[str, Tag]:
        """The models by name; the root has none."""
        tags = self.root.all("model")
        if not tags:
            self.faults.add("it holds no <model>.", self.root, advice="Is it a library? Open the model itself.")
        root = next((tag for tag in tags if not tag.get("name")), tags[0] if tags else None)
        found: dict[str, Tag] = {}
        taken: set[str] = set()
        for tag in tags:
            name = "" if tag is root else unquoted(tag.get("name"))
            if key(name) in taken:
                twice = f"two models are called {name!r}." if name else "two models have no name."
                self.faults.add(twice, tag, advice="Give each model but the main one a name of its own.")
            found[name] = tag
            taken.add(key(name))
        return found

    def _macros(self) -> dict[str, Macro]:
        found: dict[str, Macro] = {}
        for tag in self.root.all("macro"):
            with self.faults.collecting(tag, unquoted(tag.get("name"))):
                macro = _macro(tag)
                if key(macro.name) in found:
                    raise UnreadableModel(Fault("this macro is defined twice.", advice="Rename one of the two."))
                found[key(macro.name)] = macro
        return found

    def _controls(self) -> Iterator[Built]:
        specs = specifications(self.root)
        if specs is None:
            self.faults.add("it has no <sim_specs>.", self.root, advice="Say there when a run starts and stops.")
            return
        yield from controls(specs, self.faults, self.notes)

    # --- names ------------------------------------------------------------------------------------------------------

    def _names(
        self, models: Mapping[str, Tag], ranges: Mapping[str, tuple[str, ...]], macros: Mapping[str, Macro]
    ) -> Names:
        variables = self._declared(item for name, tag in models.items() for item in declared_in(tag, name))
        variables = {name: item for name, item in variables.items() if name not in CONTROL_NAMES}
        unconnected = Names(variables, {}, ranges, macros)
        connections = {key(to.name): source for to, source in self._connections(unconnected, models)}
        return Names(variables, connections, ranges, macros)

    def _declared(self, items: Iterable[Declared]) -> dict[str, Declared]:
        found: dict[str, Declared] = {}
        for item in items:
            if not item.name:
                self.faults.add(f"a <{item.tag.name}> has no name.", item.tag, advice="Give it one.")
            elif key(item.name) in found:
                advice = "Rename one of the two."
                self.faults.add("is defined twice.", item.tag, advice=advice, variable=item.name)
            found[key(item.name)] = item
        return found

    def _connections(self, names: Names, models: Mapping[str, Tag]) -> Iterator[tuple[Declared, Declared]]:
        """Inputs of models, and the variables that modules connect them to."""
        for model, tag in models.items():
            for module in modules(tag):
                for connect in module.all("connect"):
                    to = self._connected(connect, "to", unquoted(module.get("name")), names)
                    source = self._connected(connect, "from", model, names)
                    if to is not None and source is not None:
                        yield to, source

    def _connected(self, connect: Tag, end: str, model: str, names: Names) -> Declared | None:
        """The variable at one end of a connection."""
        text = connect.get(end)
        found = names.find(tuple(unquoted(part.strip()) for part in text.split(".")), model)
        if found is None:
            missing = f"a module connects {text!r}, which is no variable."
            self.faults.add(missing, connect, advice="Correct or delete the connection.")
        return found

    # --- sections ---------------------------------------------------------------------------------------------------

    def _elements(self, names: Names, models: Mapping[str, Tag], section: str) -> Iterator[Built]:
        """The elements of all variables, and of tables that are called apart from their variables."""
        whole = Behavior().of(self.root)
        behaviors = {name: whole.of(tag) for name, tag in models.items()}
        called: set[str] = set()
        for declared in names.variables.values():
            with self.faults.collecting(declared.tag, declared.name):
                element, lines = self._element(declared, names, behaviors[declared.model])
                called |= self._called(element)
                if element.components:
                    self._keep_flows((section, element.name), declared, names, behaviors[declared.model])
                    yield element, lines
        for name in sorted(called):
            declared = names.variables[name.removesuffix(TABLE)]
            with self.faults.collecting(declared.tag, declared.name):
                yield build_table(declared, f"{declared.name}{TABLE}", names, self.faults)

    def _keep_flows(self, place: tuple[str, str], declared: Declared, names: Names, behavior: Behavior) -> None:
        """What cuts the flows of stocks that cannot be negative."""
        if is_non_negative(declared, behavior) and declared.tag.name == "stock":
            self.flows[place] = flows(declared, names)
        elif is_non_negative(declared, behavior):
            self.uniflows.add(place)

    def _element(self, declared: Declared, names: Names, behavior: Behavior) -> Built:
        source = names.connections.get(key(declared.name))
        if source is None:
            return build(declared, names, behavior, self.faults)
        if source.has_table and not source.has_equation:  # its calls go to the table itself
            return AbstractElement(declared.name, []), []
        return build_alias(declared, source)

    def _called(self, element: AbstractElement) -> set[str]:
        """The tables that an element calls apart from their variables; a note where it rounds."""
        trees_of_element = (tree for component in element.components for tree in trees(component.ast))
        called = {tree.function.reference for tree in trees_of_element if isinstance(tree, CallStructure)}
        if called & {"integer", "modulo"}:
            self.notes.append(ROUNDING_NOTE)
        return {key(name) for name in called if key(name).endswith(TABLE)}

    def _macro_section(self, macro: Macro, names: Names) -> AbstractSection:
        """A macro: its variables, and its equation as the variable of its own name, unless that is one of them."""
        own = () if key(macro.tag.content("eqn")) == key(macro.name) else (Declared(macro.name, macro.tag),)
        variables = self._declared((*declared_in(macro.tag, ""), *own))
        local = Names(variables, {}, names.dimensions, names.macros, frozenset(map(key, macro.parameters)))
        return self._section(macro.name, self._elements(local, {"": macro.tag}, macro.name), {}, macro)

    def _section(
        self, name: str, built: Iterable[Built], ranges: Mapping[str, tuple[str, ...]], macro: Macro | None = None
    ) -> AbstractSection:
        elements = []
        for element, lines in built:
            self.lines[name, element.name] = tuple(lines)
            elements.append(element)
        return AbstractSection(
            name=name,
            path=self.path,
            type="macro" if macro else "main",
            params=list(macro.parameters) if macro else [],
            returns=[],
            subscripts=tuple(AbstractSubscriptRange(label, list(items), []) for label, items in ranges.items()),
            elements=tuple(elements),
            constraints=(),
            test_inputs=(),
            split=False,
            views_dict=None,
        )


def _macro(tag: Tag) -> Macro:
    name = unquoted(tag.get("name"))
    for part, found in ((tag.first("sim_specs"), "runs with times of its own"), (tag.get("filter"), "is a filter")):
        if part:
            advice = "Write it with equations, stocks and flows only."
            raise UnreadableModel(Fault(f"this macro {found}, which cannot be compiled.", advice=advice))
    if not name or not tag.content("eqn"):
        raise UnreadableModel(Fault("a macro needs a name and an equation.", advice="Write both."))
    parameters = tag.all("parm")
    names = tuple(unquoted(parameter.text.strip()) for parameter in parameters)
    keys = [*map(key, names), *(key(declared.name) for declared in declared_in(tag, ""))]
    if len(set(keys)) < len(keys) or not all(keys):
        found = "two parameters or variables of this macro have the same name, or none."
        raise UnreadableModel(Fault(found, advice="Rename one of them."))
    return Macro(name, names, tuple(parameter.get("default") for parameter in parameters), tag)
