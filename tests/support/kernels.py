"""One step of a tape by a kernel, and how far it is from NumPy's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sd_models.tape.columns import in_rows, row_columns
from sd_models.tape.instructions import Role, Source, Tape
from sd_models.tape.running import results
from sd_models.targets.native.kernel import Kernel, Span, aligned
from support.agreement import gap


def computed(tape: Tape, read: Mapping[Source, np.ndarray], sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """The results of a tape by a kernel, from the values of its sources."""
    columns = row_columns(
        tape, {**{s: len(v) for s, v in read.items()}, **{Source(name): size for name, size in sizes.items()}}
    )
    written = {name: aligned((1, len(columns[Source(name)].order))) for name in sizes}
    values = {(Role.VALUE, source): columns[source].filled(value[np.newaxis]) for source, value in read.items()}
    Kernel(in_rows(tape, columns), columns)(Span(0, 1), values, written)
    return {name: columns[Source(name)].elements(found)[0] for name, found in written.items()}


def gaps(tape: Tape, read: Mapping[Source, np.ndarray]) -> float:
    """The largest relative gap of a kernel's outputs to those of NumPy."""
    size = 1 + max(int(placed.elements.max()) for placed in tape.results["outputs"])
    by_numpy = results(tape, {(Role.VALUE, source): value for source, value in read.items()}, {"outputs": size})
    return gap(computed(tape, read, {"outputs": size})["outputs"], by_numpy["outputs"])
