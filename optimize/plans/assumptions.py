"""What a plan assumes otherwise than its model: other values of constants, or of some of their elements.

A constant is what no time, data, stock or lever reaches: a number of the file, or what follows from such numbers. A
value of some elements goes before one of more elements, whatever the order in which they stand, so that a plan means
the same when its keys are sorted; two that overlap in another way contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sd_models.dynamics.preparation import shaping
from sd_models.errors import Fault, InvalidRequest
from sd_models.numbers.evaluation import numbers
from sd_models.rewrites.folding import unchanging
from sd_models.rewrites.substitution import substitute
from sd_models.system.model import FloatArray, Kind, Mask, System, Variable, key

from ..files.gathering import Faults
from ..files.names import Part, part_mask
from .plan import Plan

MOST_TOLD = 6  # assumptions that one sentence names


@dataclass(frozen=True, slots=True)
class Assumption:
    """A constant (`name`, or `name[element]`) with another value than the model's, which is from `least` to `most`.

    `outside` is the range that the modeller declared, in words, where the value is not in it.
    """

    name: str
    value: float
    least: float
    most: float
    unit: str = ""
    outside: str = field(default="", compare=False)  # follows from the value and the model

    @property
    def words(self) -> str:
        """What is assumed, and in place of what.

        >>> Assumption("mobility", 0.5, 0.4, 0.4).words
        'mobility 0.5 instead of 0.4'
        """
        own = f"{self.least:.6g}" if self.least == self.most else f"{self.least:.6g} to {self.most:.6g}"
        return f"{self.name} {self.value:.6g} instead of {own}{f' {self.unit}' if self.unit else ''}"


@dataclass(frozen=True, slots=True)
class _Given:
    """A value that a plan gives to some elements (flat) of a constant."""

    name: str
    part: Part
    mask: Mask
    value: float


def assumed(system: System, plan: Plan, faults: Faults) -> System:
    """The model with the plan's constants in place of its own; what does not fit is kept in `faults`, and left out."""
    return substitute(system, _values(system, _given(system, plan, faults), faults)) if plan.constants else system


def assumptions(system: System, plan: Plan) -> tuple[Assumption, ...]:
    """What the plan assumes otherwise than the model; InvalidRequest for constants that are none."""
    if not plan.constants:
        return ()
    faults = Faults()
    given = _given(system, plan, faults)
    faults.raise_all()
    own = _own(system, given)
    told = (_assumption(system, one, own[one.part.name][one.mask]) for one in given)
    return tuple(one for one in told if not one.least == one.most == one.value)


def sentence(found: Sequence[Assumption]) -> str:
    """All that is assumed otherwise than in the model, in one sentence, and what of it leaves the model's own ranges in
    another; nothing where nothing is."""
    if not found:
        return ""
    outside = [f"{one.name} {one.value:.6g} ({one.outside})" for one in found if one.outside]
    beyond = f" Outside the range that the model gives it: {_listed(outside)}." if outside else ""
    return f"Assumed otherwise than in the model: {_listed([one.words for one in found])}.{beyond}"


def _listed(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - MOST_TOLD} more" if len(texts) > MOST_TOLD else ""
    return f"{'; '.join(texts[:MOST_TOLD])}{more}"


def with_constants(plan: Plan, system: System, later: Sequence[tuple[str, float]]) -> Plan:
    """The plan with further constants; a later one takes the place of all that it covers."""
    kept = dict(plan.constants)
    for text, value in later:
        part = Part.of(text)
        if part.name in system:
            covered = part_mask(system, part)
            kept = {name: one for name, one in kept.items() if not _is_covered(system, Part.of(name), part, covered)}
        kept[text] = value
    return plan.model_copy(update={"constants": kept})


def _is_covered(system: System, earlier: Part, later: Part, covered: Mask) -> bool:
    """Whether a later value leaves nothing of an earlier one."""
    if key(earlier.name) != key(later.name):
        return False
    try:
        return not (part_mask(system, earlier) & ~covered).any()
    except InvalidRequest:  # told with all that is wrong with the plan
        return False


def _given(system: System, plan: Plan, faults: Faults) -> list[_Given]:
    """What the plan gives and what fits."""
    levers = {key(lever.variable) for lever in plan.levers}
    known = [system[lever.variable].name for lever in plan.levers if lever.variable in system]
    fixed, timed = unchanging(system, keep=known), shaping(system)
    found: list[_Given] = []
    for text, value in plan.constants.items():
        with faults.at(lambda text=text: f"constant {text!r}"):  # type: ignore[misc]
            part = Part.of(text)
            variable = system[part.name]
            _check(variable, is_lever=key(variable.name) in levers, is_fixed=variable.name in fixed, shapes=timed)
            part = Part(variable.name, part.elements)
            found.append(_Given(text, part, part_mask(system, part), value))
    return found


def _check(variable: Variable, *, is_lever: bool, is_fixed: bool, shapes: Mapping[str, str]) -> None:
    """InvalidRequest for a variable that has no one value which a plan could give."""
    if is_lever:
        advice = "Give its values there, as `fixed`, or take the lever out."
        raise InvalidRequest(Fault("it is a lever of the plan, which decides it.", advice=advice))
    if variable.kind in _ADVICE:
        raise InvalidRequest(Fault(f"it is {_ARTICLE[variable.kind]}, no constant.", advice=_ADVICE[variable.kind]))
    if shapes.get(variable.name) == TIMED:
        advice = "The plan's horizon says when the run ends; another step or start is a change of the model file."
        raise InvalidRequest(Fault("it sets the time points of a run.", advice=advice))
    if not is_fixed:
        advice = "Set the constants that it follows from, or make it a lever."
        raise InvalidRequest(Fault("it is no constant: it changes in a run, or follows from a lever.", advice=advice))


TIMED = "the time points of a run"  # as `shaping` says it
_ARTICLE: Mapping[Kind, str] = {
    Kind.STOCK: "a stock",
    Kind.SAMPLE: "a sampled value",
    Kind.DATA: "a series of data",
    Kind.TABLE: "a table",
}
_ADVICE: Mapping[Kind, str] = {
    Kind.STOCK: "Set the constants of its flows or of its initial value.",
    Kind.SAMPLE: "Set the constants that it follows from.",
    Kind.DATA: "Make it a lever with `fixed` points, or change the data.",
    Kind.TABLE: "Change its points in the model file.",
}


def _own(system: System, given: Sequence[_Given]) -> Mapping[str, FloatArray]:
    """The model's own values of the constants that are given, flat."""
    return numbers(system, dict.fromkeys(one.part.name for one in given), np.nan, np.nan, initial=False)


def _values(system: System, given: Sequence[_Given], faults: Faults) -> dict[str, FloatArray]:
    """The values of all constants that are given, in their shapes."""
    found = {name: np.array(values, dtype=np.float64) for name, values in _own(system, given).items()}
    owners = {name: np.full(len(values), -1) for name, values in found.items()}
    wide_first = sorted(given, key=lambda one: -int(one.mask.sum()))
    for place, one in enumerate(wide_first):
        owner = owners[one.part.name]
        for other in (wide_first[number] for number in set(owner[one.mask].tolist()) if number >= 0):
            if other.value != one.value and (not other.mask[one.mask].all() or (other.mask == one.mask).all()):
                told = Fault(f"it gives other values to elements of {other.name!r}.", advice="Give each of them once.")
                faults.keep([told], f"constant {one.name!r}")
        found[one.part.name][one.mask] = one.value
        owner[one.mask] = place
    return {name: values.reshape(system.shape(system[name])) for name, values in found.items()}


def _assumption(system: System, one: _Given, own: FloatArray) -> Assumption:
    variable = system[one.part.name]
    ends = float(own.min()), float(own.max())
    return Assumption(str(one.part), one.value, *ends, variable.unit, variable.outside(one.value))
