"""The model of a page: a run of it as JavaScript, with the rows of its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sd_models.dynamics.timing import TimeSpan
from sd_models.system.model import System
from sd_models.targets.javascript.program import javascript

from .arrays import packed


@dataclass(frozen=True)
class Engine:
    """A model as text, an expression that is a function of its data; rows of variables in its columns, by name.

    `data` holds the arrays that the text needs, packed as in `arrays.py`. Outputs that cannot change have rows like the
    others.
    """

    text: str
    data: Mapping[str, Any]
    levers: Mapping[str, slice]
    constants: Mapping[str, slice]
    outputs: Mapping[str, slice]


def engine(
    system: System, *, levers: Sequence[str], constants: Sequence[str], outputs: Sequence[str], time: TimeSpan
) -> Engine:
    """The model with these inputs and outputs; InvalidModel for what has no JavaScript, every place at once."""
    found = javascript(system, levers=levers, constants=constants, outputs=outputs, time=time, still=True)
    return Engine(
        found.text,
        {name: packed(array) for name, array in found.data.items()},
        found.levers.rows,
        found.constants.rows,
        found.outputs.rows,
    )
