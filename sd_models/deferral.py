"""Public names of a package, each loaded with its module when it is first asked for (PEP 562).

Why: `prosperity --help` answers at once, since it needs neither NumPy nor CasADi, Pyomo or pydantic.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def deferred(
    package: str, names: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package whose modules, by their names in it, have these public names."""
    modules = {name: module for module, public in names.items() for name in public}
    namespace = vars(sys.modules[package])

    def value(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        namespace[name] = getattr(import_module(f"{package}.{modules[name]}"), name)
        return namespace[name]

    return value, lambda: sorted({*namespace, *modules})
