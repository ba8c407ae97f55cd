"""What people call the parts of a model, in English and Chinese: a table, `names.csv`, beside its file.

Columns: `name`, as the model or a plan has it; `kind`, what it is (`model`, `variable`, `dimension`, `element`,
`unit`); `en` and `zh`. Elements that are places may stand on a grid of tiles, with the columns `grid` (tiles of the
same grid are shown together), `code`, `column` and `row`, both counted from 1. Names of headlines need no second row.
Where several models share a folder, `MODEL.names.csv` is that of one of them.

Elements, limits and units need not be in the model at hand: a table serves all folders of data and plans of a model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sd_models.errors import Fault, InvalidRequest, nearest_or_some
from sd_models.system.model import System, key

from ..files.records import Record, read_records
from ..files.words import LANGUAGES, known
from .headline import beside, headlines, repeated

FILE = "names.csv"
NEEDED = ("name", "kind", "en", "zh")
PLACE = ("grid", "code", "column", "row")
KINDS = ("model", "variable", "dimension", "element", "limit", "unit")
LARGEST = 1000  # columns and rows of a grid


@dataclass(frozen=True, slots=True)
class Tile:
    """A place on a grid: the element that it stands for, a short code, column and row counted from 1."""

    name: str
    code: str
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Names:
    """What people call things, by their name in the model, and the grids on which places stand."""

    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    grids: Mapping[str, tuple[Tile, ...]] = field(default_factory=dict)

    def of(self, name: str, language: str) -> str:
        """What people call it in a language (`en`, `zh`); the name itself where nobody said.

        >>> import sd_models as sd
        >>> called = names(sd.load("common_prosperity"))
        >>> called.of("basic services", "zh"), called.of("Henan", "zh"), called.of("no such name", "zh")
        ('基本公共服务', '河南', 'no such name')
        """
        return self.texts.get(key(name), {}).get(known(language), name)

    def tiles(self, elements: Collection[str]) -> tuple[Tile, ...]:
        """All tiles of the grid on which these elements stand; there are no data for tiles of other names.

        None where no grid has all elements.
        """
        asked = {key(element) for element in elements}
        fits = (tiles for tiles in self.grids.values() if asked <= {key(tile.name) for tile in tiles})
        return next(fits, ()) if asked else ()


def names(system: System) -> Names:
    """The names in the table beside the model's file, and those of its headlines; no names where there is none.

    InvalidRequest lists every row that is wrong.
    """
    texts = {key(h.variable): {"en": h.english, "zh": h.chinese} for h in headlines(system)}
    path = beside(system, FILE)
    records = read_records(path, NEEDED, PLACE) if path else ()
    faults = [fault for record in records for fault in _faults(system, record)]
    faults += [*repeated(records, "name"), *_faults_of_grids(records)]
    if faults:
        raise InvalidRequest(faults)
    told = {key(record["name"]): {language: record[language] for language in LANGUAGES} for record in records}
    return Names({**texts, **told}, _grids(records))


def _grids(records: tuple[Record, ...]) -> dict[str, tuple[Tile, ...]]:
    grids: dict[str, tuple[Tile, ...]] = {}
    for record in records:
        if record["grid"]:
            tile = Tile(record["name"], record["code"], int(record["column"]), int(record["row"]))
            grids[record["grid"]] = (*grids.get(record["grid"], ()), tile)
    return grids


def _faults(system: System, record: Record) -> Iterator[Fault]:
    """Everything that is wrong with a row."""
    yield from record.empty(NEEDED)
    kind, name = record["kind"], record["name"]
    if kind and kind not in KINDS:
        yield record.fault(f"there is no kind {kind!r}.", nearest_or_some(kind, KINDS))
    known = {"variable": system.variables, "dimension": system.dimensions}.get(kind)
    if known is not None and key(name) not in map(key, known):
        yield record.fault(f"the model has no {kind} {name!r}.", nearest_or_some(name, known))
    yield from _faults_of_place(record)


def _faults_of_place(record: Record) -> Iterator[Fault]:
    given = [column for column in PLACE if record[column]]
    if not given:
        return
    if record["kind"] != "element":
        yield record.fault(f"a {record['kind']} stands on no grid.", f"Leave {', '.join(given)} empty.")
    yield from record.empty(PLACE)
    for column in ("column", "row"):
        text = record[column]
        if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST):
            yield record.fault(f"the {column} {text!r} is no whole number from 1 to {LARGEST}.")


def _faults_of_grids(records: tuple[Record, ...]) -> Iterator[Fault]:
    """A fault for each tile that lies on another one or has its code."""
    taken: dict[tuple[str, ...], Record] = {}
    for record in (record for record in records if record["grid"]):
        for what in (("column", "row"), ("code",)):
            place = (record["grid"], *what, *(record[column] for column in what))
            other = taken.setdefault(place, record)
            if other is not record:
                yield record.fault(f"{record['name']!r} has the {' and '.join(what)} of {other['name']!r}.")
