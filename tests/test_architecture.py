"""The rules that keep the packages apart and in order: imports, expressions, docstrings."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import pytest

import optimize
import sd_models

ROOT = Path(__file__).parent.parent
PACKAGES = ("sd_models", "optimize")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
# Left of `System`, and beside it the reference: PySD's own run. Benchmarks compare with PySD as its own users call it,
# which the guarded reference is not.
KNOW_PYSD = ("sd_models.reading", "sd_models.reference", "optimize.benchmarks.pysd_itself")
# Who may load LLVM, CasADi, Pyomo and HiGHS.
KNOW_LLVM = ("sd_models.targets.native",)
KNOW_CASADI = (
    "sd_models.targets.casadi",
    "sd_models.simulator",
    "optimize.problems.outcomes",
    "optimize.solvers.nonlinear",
    "optimize.solvers.others",
)
KNOW_PYOMO = (
    "optimize.bounds",
    "optimize.families",
    "optimize.problems.pyomo_model",
    "optimize.problems.pyomo_reader",
    "optimize.solving",
    "optimize.transcription",
    "optimize.solvers.others",
)
# One way to work side by side, one count of processors; a solver keeps a pool of its own open from step to step, and a
# benchmark takes anybody's executor.
KNOW_THREADS = (
    "sd_models.simulator.concurrency",
    "optimize.solvers.interior_point.border",
    "optimize.benchmarks.comparing.contest",
)
KNOW_HIGHS = ("optimize.solvers.highs", "optimize.solvers.others.by_highs", "optimize.solving.infeasibility")
EXPRESSION_KINDS = frozenset(("Number", "Ref", "Call", "Reduce"))


@dataclass(frozen=True)
class Import:
    """A module that another one imports, and where: as it is loaded, inside a function, or for the type checker."""

    module: str
    at_top: bool
    for_types: bool


def module_name(path: Path) -> str:
    """The dotted name of a file; a package goes by its own."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}
FAMILIES = [name for name, path in MODULES.items() if path.stem == "__init__"]


@cache
def tree(module: str) -> ast.Module:
    """The parsed source of a module."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module: str) -> list[Import]:
    """Everything that a module imports."""
    return list(_imports(tree(module), module, at_top=True, for_types=False))


def _imports(node: ast.AST, module: str, *, at_top: bool, for_types: bool) -> Iterator[Import]:
    match node:
        case ast.Import(names=names):
            yield from (Import(alias.name, at_top, for_types) for alias in names)
        case ast.ImportFrom():
            yield from (Import(name, at_top, for_types) for name in _from(node, module))
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            for part in node.body:
                yield from _imports(part, module, at_top=at_top, for_types=True)
        case _:
            inside = at_top and not isinstance(node, ast.FunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from _imports(child, module, at_top=inside, for_types=for_types)


def _from(node: ast.ImportFrom, module: str) -> list[str]:
    """The modules that a `from ... import ...` loads: submodules by their own name."""
    base = node.module or ""
    if node.level:
        parts = module.split(".") if MODULES[module].stem == "__init__" else module.split(".")[:-1]
        base = ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names]


def listed(package: str) -> list[str]:
    """The modules (`name.py`) and families (`name/`) in the docstring of a package, in its order."""
    return re.findall(r"`([\w/]+(?:\.py|/))`", ast.get_docstring(tree(package)) or "")


def ours(name: str) -> bool:
    """Whether a module belongs to the project."""
    return name.split(".")[0] in PACKAGES


# --- imports ----------------------------------------------------------------------------------------------------------


def test_no_module_imports_itself_on_a_roundabout_way() -> None:
    """No import cycles, hidden inside functions or not; not for the type checker either."""
    graph = {module: {item.module for item in imports(module)} & set(MODULES) for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("package", FAMILIES)
def test_imports_go_up_the_list_of_a_package(package: str) -> None:
    """Plans know no solver, solvers no command line, not even for types: the docstring says what builds on what."""
    place = {re.sub(r"\.py$|/$", "", name): place for place, name in enumerate(listed(package))}

    def member(module: str) -> str:
        return module.removeprefix(f"{package}.").split(".")[0] if module.startswith(f"{package}.") else ""

    pairs = {
        (member(module), member(item.module))
        for module in MODULES
        for item in imports(module)
        if member(module) and member(item.module)
    }
    assert not [f"{one} imports {other}" for one, other in pairs if place[one] < place[other]]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("sd_models")])
def test_models_know_nothing_of_optimization(module: str) -> None:
    """`optimize` imports `sd_models`, never the reverse, not even for types."""
    assert not [item.module for item in imports(module) if item.module.split(".")[0] == "optimize"]


@pytest.mark.parametrize(
    ("package", "known"),
    [
        ("pysd", KNOW_PYSD),
        ("casadi", KNOW_CASADI),
        ("llvmlite", KNOW_LLVM),
        ("pyomo", KNOW_PYOMO),
        ("highspy", KNOW_HIGHS),
    ],
)
def test_who_may_know_a_package(package: str, known: tuple[str, ...]) -> None:
    """PySD is known left of the `System` only, CasADi by its target and those who run it, Pyomo by its statements."""
    foreign = [
        module
        for module in MODULES
        if not module.startswith(known) and any(item.module.split(".")[0] == package for item in imports(module))
    ]
    assert not foreign


@pytest.mark.parametrize(
    "module", [name for name in MODULES if name.startswith(("optimize.solvers", "optimize.problems.program"))]
)
def test_solvers_know_no_plan_and_no_model(module: str) -> None:
    """They take a program: arrays, what computes outcomes, and its equations. IPOPT's own read a compiled model."""
    known = {item.module for item in imports(module)}
    assert not [name for name in known if name.startswith(("optimize.plans", "optimize.problems.problem"))]
    if not module.startswith("optimize.solvers.nonlinear"):
        assert not [name for name in known if name.startswith("optimize.problems.outcomes")]


def test_one_way_to_work_side_by_side() -> None:
    """Pools of threads and the number of processors are asked of one module, which obeys what the system allows."""

    def alone(module: str) -> bool:
        counted = any(isinstance(node, ast.Attribute) and "cpu_count" in node.attr for node in ast.walk(tree(module)))
        return counted or any(item.module.startswith("concurrent") for item in imports(module))

    assert {module for module in MODULES if alone(module)} <= set(KNOW_THREADS)


def test_the_command_line_loads_no_heavy_package() -> None:
    """Directly or through our own modules, before a command runs."""
    loaded, open_modules, foreign = set[str](), ["optimize.command_line.commands"], set[str]()
    while open_modules:
        module = open_modules.pop()
        loaded.add(module)
        names = {item.module for item in imports(module) if item.at_top and not item.for_types}
        parents = {module.rpartition(".")[0]} - {""}
        open_modules.extend(name for name in (names | parents) if name in MODULES and name not in loaded)
        foreign |= {name.split(".")[0] for name in names if not ours(name)} - sys.stdlib_module_names
    assert foreign == {"typer"}


# --- expressions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [name for name in MODULES if name != "sd_models.system.expression"])
def test_kinds_of_expressions_are_matched_in_one_module(module: str) -> None:
    """Everybody else folds."""
    patterns = (node.cls for node in ast.walk(tree(module)) if isinstance(node, ast.MatchClass))
    assert not [name.id for name in patterns if isinstance(name, ast.Name) and name.id in EXPRESSION_KINDS]


# --- docstrings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", FAMILIES)
def test_a_package_lists_its_modules(package: str) -> None:
    """The docstring is the architecture document: nothing is missing, and nothing is gone."""
    folder = MODULES[package].parent
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    families = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    assert sorted(listed(package)) == sorted(files | families)


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in (sd_models, optimize) for name in package.__all__]
)
def test_public_names_exist_and_say_what_they_are(package: ModuleType, name: str) -> None:
    """They are loaded with their first use, and are described in their own words."""
    public = getattr(package, name)
    assert inspect.getdoc(public)
    assert name in dir(package)


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in (sd_models, optimize) for name in package.__all__]
)
def test_public_names_have_an_example(package: ModuleType, name: str) -> None:
    """In their own docstring; below it is run."""
    assert doctest.DocTestParser().get_examples(inspect.getdoc(getattr(package, name)) or "")


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in (sd_models, optimize) for name in package.__all__]
)
def test_public_names_tell_their_types(package: ModuleType, name: str) -> None:
    """Every argument and answer of a function, and of each method of a class that people may call."""
    public = getattr(package, name)
    methods = [value for key, value in vars(public).items() if key == "__init__" or not key.startswith("_")]
    for function in [public] if inspect.isfunction(public) else methods:
        function = getattr(function, "fget", None) or getattr(function, "func", None) or function
        function = getattr(function, "__func__", function)
        if inspect.isfunction(function) and function.__module__ == public.__module__:
            signature = inspect.signature(function)
            told = [p.annotation for p in signature.parameters.values() if p.name not in ("self", "cls")]
            assert inspect.Parameter.empty not in (*told, signature.return_annotation), function.__qualname__


def test_names_that_do_not_exist_are_refused() -> None:
    """As by any other module."""
    for package in (sd_models, optimize):
        with pytest.raises(AttributeError, match="no attribute 'simulat'"):
            attrgetter("simulat")(package)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module: str) -> None:
    """And print what they say."""
    result = doctest.testmod(importlib.import_module(module))
    assert not result.failed
