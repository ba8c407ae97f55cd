"""How much of a variable's change over a step comes from each of its causes: the changes that links carry.

What a link carries is the change of the effect when the cause alone has its new value, all others their old one
(ceteris paribus; Schoenberg, Davidsen and Eberlein 2020, System Dynamics Review 36:2). Of a stock the effect is its net
flow, whose change is that of the stock's slope (as corrected by Schoenberg, Hayward and Eberlein 2023, System Dynamics
Review 39:2), so that it does not matter into how many flows the modeller parted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ..dynamics.evaluation import Known
from ..system.expression import references
from ..system.model import FloatArray, Kind, Series, System, Values, Variable
from ..system.ordering import current
from ..targets.casadi.buffers import call
from ..targets.casadi.evaluation import lowering
from .datasets import Trajectories
from .inputs import Inputs
from .simulation import Simulator, compile


@dataclass(frozen=True, eq=False)
class Carried:
    """What links carry along a run of a system (with the stocks that rewrites made of delays).

    `moves` are the changes of each variable over each step, (elements, steps), `sizes` the largest absolute value of
    each. `changes` are those of the effects (of stocks and samples those of their net flows and next values), and
    `parts` what of these each link carries, by cause and effect, in the elements of the effect.
    """

    system: System
    times: FloatArray
    moves: Mapping[str, FloatArray]
    sizes: Mapping[str, FloatArray]
    changes: Mapping[str, FloatArray]
    parts: Mapping[tuple[str, str], FloatArray]


def with_all(simulator: Simulator) -> Simulator:
    """The same run with every variable among its outputs, those that rewrites added too."""
    model = simulator.model
    names = [variable.name for variable in model.expanded if variable.kind is not Kind.TABLE]
    return compile(model.expanded, levers=model.levers.rows, constants=model.constants.rows, outputs=names)


def carried(simulator: Simulator, inputs: Inputs, effects: Iterable[str]) -> Carried:
    """What all links into these variables carry along a run; `simulator` returns all variables (see `with_all`)."""
    model, run = simulator.model, simulator.trajectories(inputs)
    simulator.check(inputs, run)
    paths = paths_of(simulator, inputs, run)
    moves = {name: np.diff(path, axis=1) for name, path in paths.items()}
    changes: dict[str, FloatArray] = {}
    parts: dict[tuple[str, str], FloatArray] = {}
    for effect in effects:
        side = Side.of(model.expanded, model.expanded.variables[effect], model.grid.step)
        values = side.values(paths, simulator.times)
        changes[effect] = np.diff(values, axis=1)
        for cause in side.causes:
            if moves[cause].any():
                alone = {name: path[:, 1:] if name == cause else path[:, :-1] for name, path in paths.items()}
                parts[cause, effect] = side.values(alone, simulator.times[:-1]) - values[:, :-1]
    sizes = {name: np.nanmax(np.abs(path), axis=1, initial=0.0) for name, path in paths.items()}
    return Carried(model.expanded, simulator.times, moves, sizes, changes, parts)


def paths_of(simulator: Simulator, inputs: Inputs, run: Trajectories) -> dict[str, FloatArray]:
    """The path of every variable along a run, (elements, times), levers as they are given."""
    model, count = simulator.model, len(simulator.times)
    paths = {name: run.outputs[rows] for name, rows in model.outputs.rows.items()}
    paths |= {name: np.repeat(values.reshape(-1, 1), count, axis=1) for name, values in model.fixed.items()}
    return paths | {name: inputs.levers[rows] for name, rows in model.levers.rows.items()}


@dataclass(frozen=True, eq=False)
class Side:
    """The right-hand side of a variable as a function of its causes and the time; `columns` and `side` are symbols."""

    causes: tuple[str, ...]
    function: ca.Function
    columns: Mapping[str, ca.SX]
    time: ca.SX
    side: ca.SX

    @classmethod
    def of(cls, system: System, variable: Variable, step: float) -> Side:
        """That of a variable, of a stock its net flow."""
        sides = (equation.definition for equation in variable.equations)
        found = (references(side) for side in sides if not isinstance(side, Values | Series))
        named = frozenset[str]().union(*found) & set(system.variables)
        causes = tuple(sorted(name for name in named if system.variables[name].kind is not Kind.TABLE))
        columns = {name: ca.SX.sym(name, system.size(system.variables[name])) for name in causes}
        time = ca.SX.sym("time")
        column = lowering(system, Known(columns, time, ca.DM(step), time)).variable(variable, current)
        side = ca.densify(ca.SX(column))
        return cls(causes, ca.Function("side", [*columns.values(), time], [side]), columns, time, side)

    def values(self, paths: Mapping[str, FloatArray], times: FloatArray) -> FloatArray:
        """The side at each time, (elements, times)."""
        given = [paths[name] for name in self.causes]
        (found,) = call(self.function.map(len(times)), *given, times[np.newaxis])
        return found

    def count(self, causes: Sequence[str]) -> int:
        """How many derivatives by some causes there are, without making them."""
        return int(ca.jacobian_sparsity(self.side, ca.vertcat(*(self.columns[name] for name in causes))).nnz())

    def derivatives(self, causes: Sequence[str]) -> tuple[ca.Sparsity, ca.Function]:
        """Where the derivatives by some causes are, (elements of the side, of the causes), and their values."""
        matrix = ca.jacobian(self.side, ca.vertcat(*(self.columns[name] for name in causes)))
        values = ca.densify(ca.SX(ca.vec(matrix.nz[:])))
        return matrix.sparsity(), ca.Function("derivatives", [*self.columns.values(), self.time], [values])
