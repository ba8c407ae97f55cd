"""A result as tables for spreadsheets: a workbook (`.xlsx`), a folder of CSV files, or one tidy CSV file.

Why XlsxWriter: pandas brings it already, it writes rows as they come in little memory, and never makes a formula or a
link of a text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from sd_models.errors import Fault, InvalidRequest

from ..files.names import Part
from ..files.placement import check_new_folder, check_target, write_folder_whole, write_whole
from ..files.rows import FORMULA, harmless, save_rows
from ..plans.kinds import RowKind
from ..runs.selection import selected
from .gains import losing
from .prices import current, kind_of
from .result import Result
from .sentences import sentences
from .tidy import DUST, OUTCOMES, SUMMARY, Cell, Row, headers, outcome_rows, summary_rows
from .uses import Use, uses
from .verdict import TOLERANCE, reached
from .voice import COMMA, LANGUAGE, Voice, voice_of

MOST_ROWS = 1_048_576  # of a sheet, by the format
MOST_LETTERS = 32_000  # of a cell, by the format 32,767
DIGITS = 9  # of numbers in CSV files for people
WIDTHS = 10, 60  # of columns, in characters
SHOWN = 200  # rows that tell how wide a column has to be
FORMATS = ((100.0, "#,##0"), (1.0, "#,##0.00"), (0.0, "0.0000##"))  # of numbers from a size on


@dataclass(frozen=True)
class Sheet:
    """A table of numbers and texts: the name of its sheet or file, headers, rows."""

    name: str
    title: str
    headers: tuple[str, ...]
    rows: Iterable[Row]


def save_tables(result: Result, target: str | Path, *, variables: Sequence[str] = (), language: str = LANGUAGE) -> Path:
    """Writes a result as tables, and gives the file or folder: `.xlsx`, `.csv`, or a new folder of CSV files.

    `variables` are further ones of the model, or parts of them (`urban income[Henan]`), at all times, beside the
    headline outcomes; in a `.csv` file they stand alone where any are named. Where there is no policy to speak of, the
    run without a policy stands alone, and the first sheet says the verdict. InvalidRequest for names that are not
    there, and for a target that cannot be written.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> with TemporaryDirectory() as home:
    ...     opt.save_tables(result, Path(home) / "result.xlsx", variables=["urban share[Henan]"]).name
    'result.xlsx'
    """
    target, voice = Path(target), voice_of(result, language)
    parts = [Part.of(text) for text in variables]
    for run in (result.trajectories, result.baseline):
        selected(run, parts)  # names that are not there are told before anything is written
    if target.suffix == "":
        check_new_folder(target)
        write_folder_whole(target, lambda folder: _save_folder(sheets(result, voice, parts), folder))
        return target
    check_target(target, (".xlsx", ".csv"))
    if target.suffix.lower() == ".csv":
        rows = _variable_rows(result, parts) if parts else outcome_rows(result)
        write_whole(target, lambda path: save_rows(path, [headers(result, OUTCOMES), *rows], digits=DIGITS))
    else:
        write_whole(target, lambda path: _save_workbook(sheets(result, voice, parts), path, voice))
    return target


def sheets(result: Result, voice: Voice, parts: Sequence[Part] = ()) -> list[Sheet]:
    """The tables of a result; without a policy what is known of the search, and no gains."""
    found = [_short(result, voice)]
    if result.shows_gains:
        found += [_summary(result, voice), _losers(result, voice), _money(result, voice)]
    found += [_limits(result, voice), _prices(result, voice), _provenance(result, voice)]
    if parts:
        heads = headers(result, OUTCOMES)
        found.append(
            Sheet("variables", voice.say("sheet_variables"), _heads(voice, heads), _variable_rows(result, parts))
        )
    return found


def _heads(voice: Voice, columns: Iterable[Cell]) -> tuple[str, ...]:
    """Column headers in the language of the voice."""
    words = {"time": "time_column", "policy": "policy_column"}
    return tuple(voice.say(words.get(str(column), str(column))) for column in columns)


def _time(result: Result) -> str:
    """What the column of times is called."""
    return str(headers(result, ("year",))[0])


# --- the tables -------------------------------------------------------------------------------------------------------


def _short(result: Result, voice: Voice) -> Sheet:
    def rows() -> Iterator[Row]:
        for one in sentences(result, voice.language):
            yield voice.say(f"topic {one.topic}"), one.text

    return Sheet("in_short", voice.say("sheet_short"), _heads(voice, ("topic", "answer")), rows())


def _summary(result: Result, voice: Voice) -> Sheet:
    heads = _heads(voice, headers(result, SUMMARY))
    return Sheet("summary", voice.say("sheet_summary"), heads, summary_rows(result, voice))


def _losers(result: Result, voice: Voice) -> Sheet:
    def rows() -> Iterator[Row]:
        for found in losing(result):
            one, loss = found.outcome, found.loss
            if loss is None:
                continue
            name = one.headline.chinese if voice.language == "zh" else one.headline.english
            who = voice.name(loss.element) if loss.element else voice.say("all_together")
            counts = (found.losing, found.losing_at_end, found.of)
            numbers = (loss.change, 100 * loss.relative if one.is_told_in_per_cent else float("nan"))
            yield (
                name,
                who,
                loss.time,
                voice.moment(loss.time),
                *numbers,
                voice.people_unit(one.headline.unit),
                *counts,
            )

    columns = ("outcome", "who", _time(result), "when", "change", "relative", "unit", "losing", "losing_at_end", "all")
    return Sheet("who_loses", voice.say("sheet_losers"), _heads(voice, columns), rows())


def _money(result: Result, voice: Voice) -> Sheet:
    levers = list(uses(result, voice))
    most = max((len(use.dims) for use in levers), default=0)

    def rows() -> Iterator[Row]:
        for use in levers:
            yield from _spent(use, voice, most)

    dims = max((use.dims for use in levers), key=len, default=[])
    columns = (*_heads(voice, ("lever_column",)), *map(voice.name, dims))
    rest = _heads(voice, (_time(result), "value", "unit", "amount_in_period", "unit"))
    return Sheet("money", voice.say("sheet_money"), (*columns, *rest), rows())


def _spent(use: Use, voice: Voice, most: int) -> Iterator[Row]:
    """A row for each element and period of a lever; `most` columns are for elements."""
    values = use.paths.to_numpy()
    values = np.where(np.abs(values) > DUST * np.abs(values).max(initial=0.0), values, 0.0)
    amounts, times = np.where(values == 0, 0.0, use.amounts.to_numpy()), use.paths["time"].to_numpy().tolist()
    called = [[voice.name(str(element)) for element in use.paths[d].to_numpy()] for d in use.dims]
    lever, unit = voice.name(use.lever), use.unit.of(voice.language)
    whole = use.whole_unit.of(voice.language)
    for place in np.ndindex(values.shape):
        names = [names[k] for names, k in zip(called, place[1:], strict=True)]
        total: Row = (float(amounts[place]), whole) if use.is_total else ("", "")
        yield (lever, *names, *[""] * (most - len(names)), times[place[0]], float(values[place]), unit, *total)


def _limits(result: Result, voice: Voice) -> Sheet:
    def rows() -> Iterator[Row]:
        for item in result.violations:
            unit = voice.unit(item.unit)
            is_reached = reached(item)
            state = "missed" if item.size > TOLERANCE else "reached" if is_reached else "kept"
            said = (voice.name(item.limit), voice.name(item.place), voice.say(state, size=f"{item.size:.1e}"))
            value = item.amount if is_reached and not item.amount else item.value
            yield (*said, item.time, unit.factor * value, unit.factor * item.amount, unit.of(voice.language))

    columns = ("limit_column", "place_column", "state", _time(result), "value", "amount", "unit")
    return Sheet("limits", voice.say("sheet_limits"), _heads(voice, columns), rows())


def _prices(result: Result, voice: Voice) -> Sheet:
    """Prices of limits in all periods, and those of bounds and ramps that are not zero."""

    def rows() -> Iterator[Row]:
        for name, price in result.shadow_prices.items():
            values, own = price.to_numpy(), current(price).to_numpy()
            chosen = np.ones(values.shape, dtype=bool) if kind_of(price) is RowKind.LIMIT else values != 0
            called = [[voice.name(str(e)) for e in price[d].to_numpy()] for d in price.dims[:-1]]
            limit, times, unit = voice.name(name), price["time"].to_numpy().tolist(), str(price.attrs["units"])
            for place in map(tuple, np.argwhere(chosen)):
                where = COMMA[voice.language].join(names[k] for names, k in zip(called, place[:-1], strict=True))
                yield limit, where, times[place[-1]], float(values[place]), float(own[place]), unit

    columns = ("limit_column", "place_column", _time(result), "price", "price_then", "unit")
    return Sheet("prices", voice.say("sheet_prices"), _heads(voice, columns), rows())


def _provenance(result: Result, voice: Voice) -> Sheet:
    def rows() -> Iterator[Row]:
        yield "status", result.judged(voice).told(voice)
        for key, value in result.provenance.items():
            if isinstance(value, dict):
                yield from ((f"{key}: {name}", str(item)) for name, item in value.items())
            else:
                yield key, "" if value is None else str(value)
        yield from (("note", voice.told(note)) for note in result.notes)

    return Sheet("provenance", voice.say("sheet_provenance"), _heads(voice, ("key", "value")), rows())


def _variable_rows(result: Result, parts: Sequence[Part]) -> Iterator[Row]:
    """Further variables at all times from the first decision on, in the model's own units."""
    runs = (("without", result.baseline), ("with", result.trajectories))
    for word, run in runs if result.shows_gains else runs[:1]:
        for values in selected(run, parts):
            path = values.transpose("time", ...).sel(time=slice(result.plan.horizon[0], None))
            name, unit = Part.of(str(values.name)).name, str(values.attrs.get("units", ""))
            dims = [d for d in path.dims if d != "time"]
            for place in np.ndindex(path.shape):
                elements = [str(path[d].to_numpy()[k]) for d, k in zip(dims, place[1:], strict=True)]
                region = ", ".join(elements) or ", ".join(Part.of(str(values.name)).elements)
                yield name, region, float(path["time"][place[0]]), word, float(path.to_numpy()[place]), unit


# --- files ------------------------------------------------------------------------------------------------------------


def _save_folder(tables: Iterable[Sheet], folder: Path) -> None:
    for table in tables:
        save_rows(folder / f"{table.name}.csv", chain([table.headers], table.rows), digits=DIGITS)


def _save_workbook(tables: Iterable[Sheet], path: Path, voice: Voice) -> None:
    """A workbook with a sheet for each table."""
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    try:
        with Workbook(str(path), {"constant_memory": True, "in_memory": False}) as book:
            styles = _Styles(book)
            for table in tables:
                _fill(book.add_worksheet(table.title), table, styles, voice)
    except FileCreateError as error:
        raise InvalidRequest(Fault(f"cannot be written: {error}.", file=str(path))) from error


class _Styles:
    """The formats of a workbook."""

    def __init__(self, book: Any) -> None:
        self.bold = book.add_format({"bold": True, "text_wrap": True})
        self.quoted = book.add_format({"quote_prefix": True})
        self.time = book.add_format({"num_format": "0.##########"})
        self.numbers = [(size, book.add_format({"num_format": text})) for size, text in FORMATS]

    def of(self, value: float) -> Any:
        """The format of a number by its size."""
        return next(style for size, style in self.numbers if abs(value) >= size)


def _fill(sheet: Any, table: Sheet, styles: _Styles, voice: Voice) -> None:
    """Headers that stay in sight, then the rows that a sheet has room for, and how many more there are."""
    sheet.freeze_panes(1, 0)
    rows = iter(table.rows)
    first = list(islice(rows, SHOWN))
    rows = chain(first, rows)
    for place, head in enumerate(table.headers):
        widest = max((len(str(row[place])) for row in first if isinstance(row[place], str)), default=0)
        sheet.set_column(place, place, min(WIDTHS[1], max(WIDTHS[0], len(head) + 2, widest + 2)))
        _write(sheet, 0, place, head, styles.bold)
    times = {place for place, head in enumerate(table.headers) if head in _heads(voice, ("year", "time"))}
    for number, row in enumerate(islice(rows, MOST_ROWS - 2), start=1):
        for place, cell in enumerate(row):
            _put(sheet, number, place, cell, styles, is_time=place in times)
    left = sum(1 for _ in rows)
    if left:
        _write(sheet, MOST_ROWS - 1, 0, voice.say("left_out", count=f"{left:,}", most=f"{MOST_ROWS:,}"), styles.bold)


def _put(sheet: Any, row: int, column: int, cell: Cell, styles: _Styles, *, is_time: bool) -> None:
    """A cell: texts are texts whatever they begin with, what is no number is empty."""
    if isinstance(cell, str):
        _write(sheet, row, column, cell, styles.quoted if FORMULA.match(cell) else None)
    elif math.isfinite(cell):
        sheet.write_number(row, column, cell, styles.time if is_time or isinstance(cell, int) else styles.of(cell))


def _write(sheet: Any, row: int, column: int, text: str, style: Any) -> None:
    kept = harmless(text)
    plain = kept.removeprefix("'") if FORMULA.match(text) else kept
    sheet.write_string(row, column, plain[:MOST_LETTERS], style)
