"""The parameters of a calibration in a model: one number for each element, with bounds, start and prior."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.rewrites.folding import unchanging
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.model import FloatArray, IndexArray, Kind, Mask, System, Variable, fault_of, key

from ..files.gathering import kept
from ..files.names import ALL, Part, axes_of, part_labels, part_mask, part_of
from .specification import Parameter


@dataclass(frozen=True, eq=False)
class Block:
    """An entry of the calibration file: its variable, and the places of its elements in that variable, flat."""

    asked: Parameter
    variable: str
    places: IndexArray
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Parameters:
    """All parameters side by side, block by block; the arrays have one number for each.

    `lower` and `upper` may be infinite; `prior` and `deviation` are NaN without a prior. `block` numbers the block of
    each parameter.
    """

    blocks: tuple[Block, ...]
    labels: tuple[str, ...]
    block: IndexArray
    lower: FloatArray
    upper: FloatArray
    start: FloatArray
    prior: FloatArray
    deviation: FloatArray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def variables(self) -> tuple[str, ...]:
        """The constants of the model that change, each once."""
        return tuple(dict.fromkeys(block.variable for block in self.blocks))

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the calibration file has no meaning in this model."""
        return tuple(note for block in self.blocks for note in block.notes)

    @property
    def size(self) -> FloatArray:
        """The size of a change that matters: the distance of the bounds, else that of the prior or the start."""
        width = self.upper - self.lower
        fallback = np.where(np.isfinite(self.deviation), self.deviation, np.maximum(np.abs(self.start), 1e-3))
        return np.where(np.isfinite(width), width, fallback)

    def rows(self, simulator: Simulator) -> IndexArray:
        """The row of each parameter in the column of the simulator's constants."""
        layout = simulator.model.constants.rows
        return np.concatenate([layout[block.variable].start + block.places for block in self.blocks])

    def arrays(self, system: System, values: FloatArray) -> dict[str, FloatArray]:
        """The constants with these values of the parameters, each in the shape of its variable."""
        own = own_values(system, self.variables)
        for number, block in enumerate(self.blocks):
            own[block.variable].reshape(-1)[block.places] = values[self.block == number]
        return own


def own_values(system: System, names: Iterable[str]) -> dict[str, FloatArray]:
    """The model's own values of constants, each in the shape of its variable."""
    listed = list(names)
    defaults = compile(system, constants=listed, outputs=listed).defaults
    return {name: np.array(defaults[name][:, 0]).reshape(system.shape(system[name])) for name in listed}


def parameters_of(system: System, asked: Iterable[Parameter]) -> Parameters:
    """The parameters in the model; InvalidRequest lists every one that does not fit it."""
    faults: list[Fault] = []
    found = [(item, kept(faults, lambda item=item: _block(system, item))) for item in asked]  # type: ignore[misc]
    blocks = [block for _, block in found if block is not None]
    faults += _repeated(system, blocks)
    own = own_values(system, {block.variable: None for block in blocks}) if blocks else {}
    for block in blocks:
        faults += _bound_faults(system, block, own[block.variable].reshape(-1)[block.places])
    if faults:
        raise InvalidRequest(faults)
    return _side_by_side(system, blocks, own)


def _block(system: System, asked: Parameter) -> Block:
    part = part_of(system, asked.name)
    variable = system[part.name]
    if variable.kind not in (Kind.CONSTANT, Kind.AUXILIARY) or variable.name not in unchanging(system):
        what = f"a {variable.kind}" if variable.kind is not Kind.AUXILIARY else "not constant: it changes during a run"
        advice = "Estimate the constants that it follows from."
        raise InvalidRequest(fault_of(variable, f"it is {what}, no parameter.", advice, file=system.name))
    chosen = part_mask(system, part) & where_mask(system, variable, asked.where)
    without, strangers = _known_elements(system, variable, asked.without)
    if without:
        chosen &= ~where_mask(system, variable, without)
    if not chosen.any():
        raise InvalidRequest(fault_of(variable, "where and without leave none of its elements.", file=system.name))
    notes = [f"{variable.name}: without {', '.join(strangers)}, which the model does not have."] if strangers else []
    return Block(asked, variable.name, np.flatnonzero(chosen), tuple(notes))


def _known_elements(
    system: System, variable: Variable, without: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The elements to leave out that the model has, and those that it has not, as in another data folder.

    One that looks like a misspelt element counts as known, and is refused where elements are.
    """
    dimensions = {key(name): name for name in variable.dimensions}
    known: dict[str, tuple[str, ...]] = {}
    strangers: list[str] = []
    for dimension, elements in without.items():
        if key(dimension) not in dimensions:
            known[dimension] = elements
            continue
        has = [*system.dimensions[dimensions[key(dimension)]].elements, *system.dimensions, ALL]
        kept = tuple(e for e in elements if key(e) in map(key, has) or nearest(e, has))
        strangers += [element for element in elements if element not in kept]
        known |= {dimension: kept} if kept else {}
    return known, strangers


def where_mask(system: System, variable: Variable, where: Mapping[str, tuple[str, ...]]) -> Mask:
    """Which elements of a variable, flat, are among those named by dimension."""
    names = {dimension.casefold(): dimension for dimension in variable.dimensions}
    unknown = [dimension for dimension in where if dimension.casefold() not in names]
    if unknown:
        over = ", ".join(variable.dimensions) or "none"
        raise InvalidRequest(fault_of(variable, f"it has no dimension {unknown[0]!r}; it has: {over}."))
    mask = np.ones(system.size(variable), dtype=bool)
    for dimension, elements in where.items():
        place = variable.dimensions.index(names[dimension.casefold()])
        entries = [["*"] * len(variable.dimensions) for _ in elements]
        for entry, element in zip(entries, elements, strict=True):
            entry[place] = element
        mask &= np.any([part_mask(system, Part(variable.name, tuple(entry))) for entry in entries], axis=0)
    return mask


def _repeated(system: System, blocks: Iterable[Block]) -> Iterator[Fault]:
    """Faults for elements that two entries estimate."""
    seen: dict[str, set[int]] = {}
    for block in blocks:
        both = seen.setdefault(block.variable, set()) & set(block.places.tolist())
        if both:
            label = labels_of(system, block.variable)[min(both)]
            yield Fault("two entries [[parameter]] estimate it.", label, system.name)
        seen[block.variable] |= set(block.places.tolist())


def labels_of(system: System, variable: str) -> list[str]:
    """The texts that name each element of a variable, flat."""
    return list(part_labels(variable, list(axes_of(system, system[variable]).values())))


def _bound_faults(system: System, block: Block, own: FloatArray) -> Iterator[Fault]:
    variable, (lower, upper) = system[block.variable], _bounds(system, block)
    if lower >= upper:
        found = f"its lower bound {lower:g} is not below its upper bound {upper:g}."
        yield fault_of(variable, found, "Give lower and upper in the calibration file.", file=system.name)
        return
    start, prior = block.asked.start, block.asked.prior
    for what, value in (("start", start), ("prior", prior)):
        if value is not None and not lower <= value <= upper:
            found = f"{what} = {value:g} is not within its bounds, {lower:g} to {upper:g}."
            yield fault_of(variable, found, file=system.name)
    outside = np.flatnonzero((own < lower) | (own > upper) | ~np.isfinite(own))
    if start is None and len(outside):
        label = labels_of(system, block.variable)[block.places[outside[0]]]
        more = f" ({len(outside)} elements)" if len(outside) > 1 else ""
        found = f"the model's value {own[outside[0]]:g} is not within its bounds, {lower:g} to {upper:g}{more}."
        yield Fault(found, label, system.name, advice="Widen the bounds, or give start.")


def _bounds(system: System, block: Block) -> tuple[float, float]:
    """The bounds of the file, else the limits in the model, else none."""
    low, high = system[block.variable].limits
    lower = block.asked.lower if block.asked.lower is not None else low
    upper = block.asked.upper if block.asked.upper is not None else high
    return (-np.inf if lower is None else lower), (np.inf if upper is None else upper)


def _side_by_side(system: System, blocks: list[Block], own: Mapping[str, FloatArray]) -> Parameters:
    columns: dict[str, list[FloatArray]] = {name: [] for name in ("lower", "upper", "start", "prior", "deviation")}
    for block in blocks:
        values, count = own[block.variable].reshape(-1)[block.places], len(block.places)
        lower, upper = _bounds(system, block)
        asked, nothing = block.asked, np.full(count, np.nan)
        columns["lower"].append(np.full(count, lower))
        columns["upper"].append(np.full(count, upper))
        columns["start"].append(values if asked.start is None else np.full(count, asked.start))
        prior = values if asked.prior is None else np.full(count, asked.prior)
        columns["prior"].append(nothing if asked.deviation is None else prior)
        columns["deviation"].append(nothing if asked.deviation is None else np.full(count, asked.deviation))
    return Parameters(
        tuple(blocks),
        tuple(labels_of(system, block.variable)[place] for block in blocks for place in block.places),
        np.repeat(np.arange(len(blocks)), [len(block.places) for block in blocks]),
        **{name: np.concatenate(parts) for name, parts in columns.items()},
    )
