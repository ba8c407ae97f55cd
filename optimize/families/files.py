"""Instances as files for other programs, with a table of what they are and what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyomo.environ as pyo

from sd_models.errors import Fault, InvalidRequest

from ..files.placement import check_folder, write_whole
from ..files.rows import save_rows
from ..problems.program import Program
from ..solvers.traits import Trait
from ..transcription.export import WRITERS, export
from .instance import Instance, start_of

COLUMNS = (
    *("key", "family", "seed", "parameters", "direction", "levers", "variables", "constraints", "integers"),
    *("traits", "truth", "known", "source", "files"),
)
TABLE = "instances.csv"
LINEAR = ("lp", "mps")  # these hold what is linear or quadratic
BEYOND = frozenset({Trait.CURVED, Trait.KINKS})


def write_instances(
    folder: str | Path,
    instances: Iterable[Instance],
    *,
    formats: Sequence[str] = ("nl", "mps"),
    told: Callable[[Instance], None] = lambda _: None,
) -> Path:
    """Writes each instance, started where every solver begins, in those of the formats that can hold it; the table.

    `formats` are of `export`: nl, lp, mps, gms. The table `instances.csv` is there after each instance, so that what
    was written is told whatever ends it. `told` is called with each instance before it is built. InvalidRequest for a
    format that is not known or a folder that cannot be written to.

    >>> from tempfile import TemporaryDirectory
    >>> from optimize.families.table import instances
    >>> with TemporaryDirectory() as home:
    ...     table = write_instances(home, instances(["traps"])[:1])
    ...     sorted(file.name for file in table.parent.iterdir())[:2]
    ['instances.csv', 'trap-half-line-0.col']
    """
    known = [ending.removeprefix(".") for ending in WRITERS]
    if unknown := [form for form in formats if form not in known]:
        found = f"{', '.join(map(repr, unknown))}: no such format."
        raise InvalidRequest(Fault(found, advice=f"There are: {', '.join(known)}."))
    folder = Path(folder)
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Any, ...]] = [COLUMNS]
    for instance in instances:
        told(instance)
        rows.append(_written(folder, instance, formats))
        write_whole(folder / TABLE, lambda target: save_rows(target, rows))
    return folder / TABLE


def _written(folder: Path, instance: Instance, formats: Sequence[str]) -> tuple[Any, ...]:
    """The row of an instance, which is written."""
    program = instance.program()
    assert program.equations is not None
    model = program.equations(start_of(program))
    fitting = [form for form in formats if form not in LINEAR or not instance.traits & BEYOND]
    files = [file for form in fitting for file in export(model, folder / f"{instance.key}.{form}")]
    return tuple(_row(instance, program, model, files))


def _row(instance: Instance, program: Program, model: pyo.ConcreteModel, files: Sequence[Path]) -> Iterator[Any]:
    yield from (instance.key, instance.family, instance.seed)
    yield "; ".join(f"{name} = {value}" for name, value in instance.parameters.items())
    yield "maximize" if program.sign < 0 else "minimize"
    yield from (len(program.lower), model.nvariables(), model.nconstraints())
    yield sum(not variable.is_continuous() for variable in model.component_data_objects(pyo.Var))
    yield "; ".join(sorted(trait.name.lower() for trait in instance.traits))
    yield str(instance.truth)
    yield float("nan") if instance.known is None else instance.known
    yield instance.source
    yield "; ".join(file.name for file in files)
