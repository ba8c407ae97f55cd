"""A program in other units of its levers, each its own: what has no unit for a solver is of size one.

Levers of one kind are usually of one unit, and solvers scale by that. Where they are not (a lever in millions beside
one in millionths), a solver works on the program whose levers are counted in their own sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, diags_array

from sd_models.system.model import FloatArray, IndexArray

from .program import Block, Evaluation, Outcomes, Program, Quadratic

# Sizes of levers of one block that a solver's scaling bears.
MIXED = 1e3


@dataclass(frozen=True, eq=False)
class RescaledOutcomes:
    """Outcomes of levers that are counted in `units`. An `Outcomes`."""

    inner: Outcomes
    units: FloatArray

    def evaluate(self, x: FloatArray) -> Evaluation:
        """The outcomes of levers."""
        found = self.inner.evaluate(x * self.units)
        return Evaluation(x, found.y, found.outputs)

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """The gradients of chosen outcomes."""
        return self.inner.gradients(self._plain(at), chosen) * self.units

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The gradient of a weighted sum of outcomes."""
        return self.inner.pullback(self._plain(at), weights) * self.units

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """The second derivative of a weighted sum, times directions."""
        return self.inner.products(self._plain(at), weights, directions * self.units) * self.units

    def _plain(self, at: Evaluation) -> Evaluation:
        return replace(at, x=at.x * self.units)


def rescaled(program: Program, units: FloatArray) -> Program:
    """The program with each lever counted in a unit of its own (levers), each path a block; rows stay as they are.

    Equations are those of the levers in their old units, and are left out.
    """
    whole = diags_array(np.concatenate([units, np.ones(len(program.outcome_cost))]))
    return replace(
        program,
        outcomes=RescaledOutcomes(program.outcomes, units),
        lever_cost=program.lever_cost * units,
        lower=program.lower / units,
        upper=program.upper / units,
        lever_rows=csr_array(program.lever_rows @ diags_array(units)),
        quadratics=tuple(
            Quadratic(each.name, csr_array(whole @ each.matrix @ whole), whole @ each.vector, each.bound)
            for each in program.quadratics
        ),
        reference=program.reference / units,
        pulls=program.pulls * units if len(program.pulls) else program.pulls,
        equations=None,
        blocks=tuple(
            Block(f"{block.name} {number}", path[np.newaxis])
            for block in program.blocks
            for number, path in enumerate(block.numbers)
        ),
        notice=lambda at: program.notice(replace(at, x=at.x * units)),
        complaint=lambda x: program.complaint(x * units),
    )


def is_mixed(program: Program, sizes: FloatArray) -> bool:
    """Whether levers of one block are of sizes that differ by more than a solver's scaling bears."""
    ratios = [sizes[block.columns].max() / sizes[block.columns].min() for block in program.blocks]
    return bool(max(ratios, default=1.0) > MIXED)
