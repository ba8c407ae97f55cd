"""Python code that PySD's builder made of a model: held against what the builder can write, before it is imported.

Names, documentation and arguments of a model file end up inside that code, some without escaping, so that a quote in a
name can break out of its string. `check_code` walks the syntax tree and lets pass only the imports, definitions, calls
and attributes that the builder uses for models; everything else raises `UnsafeModel`.

Why a list of what is allowed: a list of what is forbidden (`os`, `open`, `__class__`, ...) is never complete.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Mapping

from ..errors import Fault, UnsafeModel


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODULES = {"numpy": "np", "xarray": "xr"}
# In `from ... import ...`: the module to the names that the builder takes from it.
NAMES: Mapping[str, Collection[str]] = {
    "pathlib": ("Path",),
    "scipy": ("stats",),
    "pysd": ("Component",),
    "pysd.py_backend.allocation": ("allocate_available", "allocate_by_priority"),
    "pysd.py_backend.data": ("TabData",),
    "pysd.py_backend.external": ("ExtConstant", "ExtData", "ExtLookup"),
    "pysd.py_backend.functions": _words(
        "active_initial get_time_value if_then_else incomplete integer invert_matrix modulo prod pulse quantum ramp "
        "not_implemented_function step sum vector_rank vector_reorder vector_select vector_sort_order vmax vmin xidz "
        "zidz"
    ),
    "pysd.py_backend.lookups": ("HardcodedLookups",),
    "pysd.py_backend.model": ("Macro",),
    "pysd.py_backend.statefuls": _words(
        "Delay DelayFixed DelayN Forecast Initial Integ NonNegativeInteg SampleIfTrue Smooth Trend"
    ),
}
SAFE_BUILTINS = frozenset(("bool", "float", "len"))
BUILTINS = frozenset(vars(builtins))
ATTRIBUTES: Mapping[str, Collection[str]] = {
    "np": _words(
        "abs arange arccos arcsin arctan array cos cosh exp inf interp log logical_and logical_not logical_or maximum "
        "minimum nan pi power random.uniform sin sinh sqrt tan tanh"
    ),
    "xr": ("DataArray", "ones_like", "zeros_like"),
    "stats": ("truncexpon.rvs", "truncnorm.rvs"),
}
VALUE_ATTRIBUTES = _words(
    "expand_dims loc rename reset_coords transpose values final_time initial_time saveper stage time_step"
)
# Statements that are the same in every model, compared as a whole.
FIXED = {
    "_root": "Path(__file__).parent",
    "__data": "{'scope': None, 'time': lambda: 0}",
    "component": "Component()",
}
OUTER_REFERENCES = "def _init_outer_references(data):\n    for key in data:\n        __data[key] = data[key]"
PARAMETERS = ("", "x, final_subs=None")
LOCALS = frozenset(("value", "def_subs", "except_subs"))
FILE_READERS = frozenset(("ExtConstant", "ExtData", "ExtLookup"))
MACRO_ARGUMENTS, MACRO_OPTIONS = 3, frozenset(("time_initialization", "py_name"))
# As parts of an allowed call or attribute only, so that they cannot be reached under another name.
NEVER_ALONE = frozenset((*ATTRIBUTES, *FILE_READERS, "Macro", "Path", "Component", "component"))
CONSTANTS = (str, int, float, bool, type(None))

STATEMENTS = (ast.Module, ast.Return, ast.Load, ast.Store)
EXPRESSIONS = (ast.List, ast.Tuple, ast.Slice, ast.BinOp, ast.UnaryOp, ast.Compare)
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd)
COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
PLAIN = (*STATEMENTS, *EXPRESSIONS, *OPERATORS, *COMPARISONS)


def check_code(text: str, *, files: Collection[str], macros: Collection[str], file: str = "") -> None:
    """Raises `UnsafeModel` unless `text` is code that PySD's builder writes for a model.

    `files` are the names of data files, `macros` those of code files that it may refer to; `file` names the model.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        found = "its names or texts break the Python code that PySD makes of it."
        raise UnsafeModel(Fault(found, file=file, advice=ADVICE)) from error
    checker = _Checker(_defined(tree), frozenset(files), frozenset(macros), file)
    try:
        checker.visit(tree)
    except RecursionError as error:
        advice = "Split the longest equation."
        raise UnsafeModel(Fault("an equation is nested too deeply.", file=file, advice=advice)) from error


ADVICE = "Look for quotes and backslashes in names, subscripts and the arguments of GET DIRECT functions."


UNDEFINED = "PySD cannot run this model; our engines may (`prosperity simulate`). " + ADVICE


def _defined(tree: ast.Module) -> frozenset[str]:
    """Names that the module defines: its functions and objects, and the inputs of a macro."""
    found: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name):
                found.add(name)
            case ast.Assign([ast.Name("_params")], ast.Dict(_, values)):
                found |= {"_params"} | {str(value.value) for value in values if isinstance(value, ast.Constant)}
            case ast.Assign([ast.Name(name)]):
                found.add(name)
    return frozenset(found - BUILTINS)


class _Checker(ast.NodeVisitor):
    """Refuses every node that is not allowed where it stands."""

    def __init__(self, defined: frozenset[str], files: frozenset[str], macros: frozenset[str], file: str) -> None:
        self.known = defined | SAFE_BUILTINS | LOCALS | {"x", "final_subs"}
        self.files = files
        self.macros = frozenset(f"_root.joinpath({macro!r})" for macro in macros)
        self.file = file

    def check(self, allowed: bool, node: ast.AST) -> None:
        """Raises unless the node is allowed."""
        if not allowed:
            text = " ".join(ast.unparse(node).split())[:80]
            found = f"it would make PySD run Python code that belongs to no model: {text!r}."
            raise UnsafeModel(Fault(found, file=self.file, advice=ADVICE))

    def visit_each(self, nodes: Iterable[ast.AST]) -> None:
        """Visit all of the nodes."""
        for node in nodes:
            self.visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        self.check(isinstance(node, PLAIN), node)
        super().generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.check(all(MODULES.get(alias.name, "") == alias.asname for alias in node.names), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        allowed = NAMES.get(node.module or "", frozenset())
        self.check(not node.level and all(a.name in allowed and a.asname is None for a in node.names), node)
        self.known |= {alias.name for alias in node.names}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name == "_init_outer_references":
            self.check(ast.unparse(node) == OUTER_REFERENCES, node)
            return
        decorator = node.decorator_list[0] if len(node.decorator_list) == 1 else None
        decorated = isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "component.add"
        plain = decorated and not node.name.startswith("_") and node.returns is None
        self.check(plain and ast.unparse(node.args) in PARAMETERS, node)
        self.visit_each((*node.decorator_list, *node.body))

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.check(not ast.unparse(node.args), node)
        self.visit(node.body)

    def visit_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        name = target.id if isinstance(target, ast.Name) else ""
        self.check(len(node.targets) == 1 and (bool(name) or _is_part(target)), node)
        if name in FIXED:
            self.check(ast.unparse(node.value) == FIXED[name], node)
        elif name == "__pysd_version__":
            self.check(isinstance(node.value, ast.Constant), node)
        else:
            self.visit_each((target, node.value))

    def visit_Call(self, node: ast.Call) -> None:
        first = node.args[0] if node.args else None
        options = frozenset(keyword.arg for keyword in node.keywords)
        match node.func:
            case ast.Name("Macro"):
                self.check(first is not None and ast.unparse(first) in self.macros, node)
                self.check(len(node.args) == MACRO_ARGUMENTS and options <= MACRO_OPTIONS, node)
                self.visit_each((*node.args[1:], *node.keywords))
            case ast.Name(name) if name in FILE_READERS:
                self.check(self._is_file(first) and not options, node)
                self.visit_each(node.args)
            case ast.Attribute(ast.Name("component"), "add"):
                self.check(first is None, node)
                self.visit_each(node.keywords)
            case ast.Attribute(ast.Name(name), "add"):
                self.check((isinstance(first, ast.List) or self._is_file(first)) and not options, node)
                self.check(name in self.known, node)
                self.visit_each(node.args)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                self.visit_each((node.func, *node.args, *node.keywords))
            case _:
                self.check(False, node)

    def visit_Expr(self, node: ast.Expr) -> None:
        match node.value:
            case ast.Constant(str()) | ast.Call(ast.Attribute(_, "add")):
                self.visit(node.value)
            case _:
                self.check(False, node)

    def visit_Dict(self, node: ast.Dict) -> None:
        self.check(None not in node.keys, node)  # `**`
        self.visit_each((*(key for key in node.keys if key), *node.values))

    def _is_file(self, node: ast.expr | None) -> bool:
        return isinstance(node, ast.Constant) and node.value in self.files

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if ast.unparse(node) != "__data['time']":
            super().generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        root, path = _dotted(node)
        if root in ATTRIBUTES:
            self.check(path in ATTRIBUTES[root], node)
        else:
            self.check(node.attr in VALUE_ATTRIBUTES, node)
            self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        if not (node.id in self.known or node.id in BUILTINS or node.id in NEVER_ALONE or node.id.startswith("_")):
            found = f"the Python code that PySD makes of it names {node.id!r}, which nothing defines: it is not run."
            raise UnsafeModel(Fault(found, file=self.file, advice=UNDEFINED))
        self.check(node.id in self.known and node.id not in NEVER_ALONE and not node.id.startswith("__"), node)

    def visit_Constant(self, node: ast.Constant) -> None:
        self.check(isinstance(node.value, CONSTANTS), node)

    def visit_keyword(self, node: ast.keyword) -> None:
        self.check(node.arg is not None, node.value)
        self.visit(node.value)


def _is_part(target: ast.expr) -> bool:
    """Whether a target is a part of a local array, as in `value.loc[...]`."""
    match target:
        case ast.Subscript(ast.Attribute(ast.Name(name), "loc" | "values")):
            return name in LOCALS
        case _:
            return False


def _dotted(node: ast.expr) -> tuple[str, str]:
    """The name at the root of a chain of attributes, empty for another expression, and the chain."""
    chain: list[str] = []
    while isinstance(node, ast.Attribute):
        chain.insert(0, node.attr)
        node = node.value
    return node.id if isinstance(node, ast.Name) else "", ".".join(chain)
