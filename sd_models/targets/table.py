"""The targets of expressions: where each implements the functions of the catalogue, and why it lacks some.

A new target is a row here. The conformance test walks the table: every function has every target, or a stated reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from ..system.functions import FUNCTIONS


@dataclass(frozen=True)
class Target:
    """What expressions become. `module`, from the package on, has a mapping `IMPLEMENTATIONS` by name of function.

    `reasons` says, function by function, why there is no implementation. A target that is `written` sees the model as
    its modeller wrote it, with all functions of the catalogue; others see what the rewrites leave.
    """

    module: str
    written: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def implementations(self) -> Mapping[str, object]:
        """The implementation of each function; loads the target."""
        found: Mapping[str, object] = import_module(f"..{self.module}", __package__).IMPLEMENTATIONS
        return found

    @property
    def expected(self) -> frozenset[str]:
        """The functions that reach the target."""
        return frozenset(name for name, function in FUNCTIONS.items() if self.written or function.compiled)


TARGETS: Mapping[str, Target] = {
    "NumPy": Target("numbers.evaluation"),
    "CasADi": Target("targets.casadi.lowering"),
    "tape": Target("tape.lowering"),
    "JavaScript": Target("targets.javascript.program"),
    "LaTeX": Target("targets.latex", written=True),
}
"""Every target by its name."""
