"""The headline outcomes of a model: a table, `headlines.csv`, beside its file.

Each row is an outcome that people look at first. Columns: `variable`, its name in the model; `unit`, as people say it
(`thousand yuan a person and year`, `%`); `factor`, from the model's unit to that one; `en` and `zh`, what people call
it; `better`, `more` or `less` or nothing; `by`, the dimension of a variable that has one. The same outcome of all
regions together and by region carries the same name. Where several models share a folder, `MODEL.headlines.csv` is that
of one of them.

Why a table beside the model: what matters in a model is known to who made it, and is no part of any equation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sd_models.errors import Fault, InvalidRequest, ModelError
from sd_models.system.model import Kind, System, Variable, key

from ..files.records import Record, read_records
from .scales import DifferentUnits, factor_between

FILE = "headlines.csv"
COLUMNS = ("variable", "unit", "factor", "en", "zh", "better", "by")
BETTER = ("more", "less", "")
TOLERANCE = 1e-9  # of a factor, which people write with a few digits


@dataclass(frozen=True, slots=True)
class Headline:
    """An outcome that people look at first: a model's variable, times `factor` in the `unit` that people say.

    `better` says whether more or less of it is better, or nothing; `by` is the one dimension of a variable that has
    one.

    >>> import optimize as opt, sd_models as sd
    >>> first = opt.headline_outcomes(sd.load("common_prosperity"))[0]
    >>> first.english, first.chinese, first.unit, first.better
    ('Common prosperity index', '共同富裕指数', 'points of 100', 'more')
    """

    variable: str
    unit: str
    factor: float
    english: str
    chinese: str
    better: str = ""
    by: str = ""


def headlines(system: System) -> tuple[Headline, ...]:
    """The headlines in the table beside the model's file, in its order; none where there is no table.

    InvalidRequest lists every row that is wrong.

    >>> import sd_models as sd
    >>> [headline.english for headline in headlines(sd.load("urbanization"))][:2]
    ['Urban share', 'Income a head']
    """
    path = beside(system, FILE)
    if path is None:
        return ()
    records = read_records(path, COLUMNS)
    faults = [fault for record in records for fault in _faults(system, record)]
    faults += repeated(records, "variable")
    if not records:
        faults.append(Fault("holds no headline.", file=path.name, advice="Give each a row, or remove the file."))
    if faults:
        raise InvalidRequest(faults)
    return tuple(_headline(system, record) for record in records)


def beside(system: System, name: str) -> Path | None:
    """The file of that name beside the model's own, where there is one; one that begins with the model's name first."""
    if system.path is None:
        return None
    found = (system.path.with_name(each) for each in (f"{system.path.stem}.{name}", name))
    return next((path for path in found if path.exists()), None)


def repeated(records: tuple[Record, ...], column: str) -> Iterator[Fault]:
    """A fault for each row that says again what another one said."""
    seen: dict[str, int] = {}
    for record in records:
        first = seen.setdefault(key(record[column]), record.line)
        if record[column] and first != record.line:
            yield record.fault(f"{record[column]!r} stands in line {first} already.", "Keep one of the rows.")


def _headline(system: System, record: Record) -> Headline:
    name, factor = system[record["variable"]].name, record.number("factor")
    by = next(iter(system[name].dimensions), "")
    return Headline(name, record["unit"], factor, record["en"], record["zh"], record["better"], by)


def _faults(system: System, record: Record) -> Iterator[Fault]:
    """Everything that is wrong with a row."""
    yield from record.empty(("variable", "unit", "en", "zh"))
    if record["better"] not in BETTER:
        yield record.fault(f"{record['better']!r} stands under 'better'.", "Write more, less, or nothing.")
    if not math.isfinite(record.number("factor")) or record.number("factor") == 0:
        yield record.fault(f"the factor {record['factor']!r} is no number other than 0.")
    if not record["variable"]:
        return
    try:
        variable = system[record["variable"]]
    except ModelError as error:
        yield from (record.fault(fault.found, fault.advice) for fault in error.faults)
        return
    yield from _faults_of_dimensions(variable, record)
    yield from _faults_of_unit(system, variable, record)


def _faults_of_dimensions(variable: Variable, record: Record) -> Iterator[Fault]:
    name, dimensions = variable.name, variable.dimensions
    if variable.kind is Kind.TABLE:
        yield record.fault(f"{name!r} is a table, which has no value over time.")
    elif len(dimensions) > 1:
        found = f"{name!r} has {len(dimensions)} dimensions ({', '.join(dimensions)}); a headline has one at most."
        yield record.fault(found, "Add a variable to the model that sums over the others.")
    elif record["by"] != "".join(dimensions):
        expected = f"{dimensions[0]!r}, its dimension" if dimensions else "nothing, since it has no dimension"
        yield record.fault(f"{record['by']!r} stands under 'by' of {name!r}.", f"Write {expected}.")


def _faults_of_unit(system: System, variable: Variable, record: Record) -> Iterator[Fault]:
    """Whether the factor leads from the model's unit to that of people, where their names tell."""
    factor, unit = record.number("factor"), record["unit"]
    try:
        expected = factor_between(variable.unit, unit, system.unit_synonyms)
    except DifferentUnits:
        yield record.fault(f"{variable.name!r} is measured in {variable.unit!r}, which is no {unit!r}.")
        return
    if expected is not None and not math.isclose(factor, expected, rel_tol=TOLERANCE):
        found = f"{variable.name!r} in {variable.unit!r} times {factor:g} is not {unit!r}."
        yield record.fault(found, f"Write the factor {expected:g}.")
