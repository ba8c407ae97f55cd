"""One step of a tape by a kernel, and how far it is from NumPy's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from sd_models.tape.columns import in_rows, row_columns
from sd_models.tape.instructions import Role, Source, Tape
from sd_models.tape.running import results
from sd_models.targets.native.kernel import Kernel, Span, aligned
from support.agreement import gap

Values: TypeAlias = Mapping[Source, np.ndarray]


def computing(tape: Tape, read: Mapping[Source, int], sizes: Mapping[str, int]) -> Callable[[Values], dict[str, Any]]:
    """What computes the results of a tape by a kernel from the values of its sources; both by the sizes of columns.

    Values may be those at several times, (times, elements).
    """
    columns = row_columns(tape, {**read, **{Source(name): size for name, size in sizes.items()}})
    kernel = Kernel(in_rows(tape, columns), columns)

    def compute(given: Values) -> dict[str, Any]:
        values = {(Role.VALUE, source): columns[source].filled(np.atleast_2d(value)) for source, value in given.items()}
        times = max(map(len, values.values()))
        written = {name: aligned((times, len(columns[Source(name)].order))) for name in sizes}
        kernel(Span(0, times), values, written)
        found = {name: columns[Source(name)].elements(array) for name, array in written.items()}
        return {name: array if times > 1 else array[0] for name, array in found.items()}

    return compute


def largest_gap(tape: Tape, given: Sequence[Values]) -> float:
    """The largest relative gap of a kernel's outputs to those of NumPy, over several values of its sources."""
    size = 1 + max(int(placed.elements.max()) for placed in tape.results["outputs"])
    compute = computing(tape, {source: len(value) for source, value in given[0].items()}, {"outputs": size})
    by_numpy = [
        results(tape, {(Role.VALUE, source): value for source, value in values.items()}, {"outputs": size})
        for values in given
    ]
    found = [compute(values)["outputs"] for values in given]
    return max(gap(one, other["outputs"]) for one, other in zip(found, by_numpy, strict=True))
