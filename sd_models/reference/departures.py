"""What PySD computes otherwise than the language says, and what its model cannot be given instead (see `patches`).

Where a run is compared with PySD's, these variables and all that follow from them are left out, and people are told
which and why: an agreement there would be chance, and a gap no fault of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import networkx as nx

from ..analysis.loops import influences
from ..system.expression import Call, Expr, Number, Ref, nodes, refs
from ..system.model import Interpolation, Kind, Series, System, Values, Variable

Reason = Callable[[System, Variable], bool]
STEPPED = (Interpolation.BACKWARD, Interpolation.EXTRAPOLATE)


def departing(system: System) -> dict[str, str]:
    """The variables that PySD computes otherwise, each with the reason, and those that follow from them."""
    graph, found = influences(system), dict[str, str]()
    for variable in system:
        reason = next((text for text, holds in REASONS.items() if holds(system, variable)), "")
        if reason:
            owner = variable.origin or variable.name
            found[owner] = reason
            for name in sorted(nx.descendants(graph, variable.name)):
                found.setdefault(name, f"it follows from {owner}")
    return {name: reason for name, reason in found.items() if name in system.variables}


def left_out_notes(left_out: dict[str, str], names: Iterable[str]) -> Iterator[str]:
    """What is said of variables that are not compared; those that only follow from others stand in one line."""
    chosen = [name for name in names if name in left_out]
    causes = [name for name in chosen if not left_out[name].startswith("it follows")]
    for name in causes:
        yield f"Not compared with PySD: {name}, since {left_out[name]}."
    rest = [name for name in chosen if name not in causes]
    if rest:
        shown = ", ".join(rest[:10]) + (f" and {len(rest) - 10} more" if len(rest) > 10 else "")
        yield f"Not compared with PySD, since they follow from what it computes otherwise: {shown}."


def _sides(variable: Variable) -> Iterator[Expr]:
    for equation in variable.equations:
        for side in (equation.definition, equation.initial):
            if side is not None and not isinstance(side, Values | Series):
                yield side


def _calls(variable: Variable) -> Iterator[Call]:
    return (node for side in _sides(variable) for node in nodes(side) if isinstance(node, Call))


def _negative_base(_: System, variable: Variable) -> bool:
    bases = (call.arguments[0] for call in _calls(variable) if call.function == "^")
    return any(isinstance(base, Number) and base.value < 0 for base in bases)


def _inline_table(system: System, variable: Variable) -> bool:
    """A table that stands in an equation and is no line between its points."""
    tables = (system.variables[ref.name] for side in _sides(variable) for ref in refs(side) if ref.name != "Time")
    inline = (table for table in tables if table.kind is Kind.TABLE and table.origin == variable.name)
    points = (equation.definition for table in inline for equation in table.equations)
    return any(isinstance(series, Series) and series.interpolation in STEPPED for series in points)


def _left_out_elements(_: System, variable: Variable) -> bool:
    return len(variable.equations) == 1 and bool(variable.equations[0].excluded)


def _delay_in_stock(_: System, variable: Variable) -> bool:
    delays = (call for call in _calls(variable) if call.function == "DELAY N")
    return variable.kind is Kind.STOCK and any(isinstance(call.arguments[1], Ref) for call in delays)


REASONS: dict[str, Reason] = {
    "PySD loses the parentheses around a negative number": _negative_base,
    "PySD draws lines through a table that stands in an equation, and ends it flat": _inline_table,
    "PySD forgets what :EXCEPT: leaves out where a variable has one equation": _left_out_elements,
    "PySD mixes the delay times of two steps where a DELAY N stands in a stock": _delay_in_stock,
}
"""Why PySD departs, and whether a variable is such a case."""
