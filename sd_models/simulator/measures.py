"""Numbers made of a run: what of a trajectory counts.

They are named in plans and on the command line, long before anything is run; so nothing is loaded here that runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ..errors import Fault, InvalidRequest


class Measure(StrEnum):
    """What of a trajectory counts.

    >>> import sd_models as sd
    >>> sd.Outcome("pollution", sd.Measure("mean")).measure
    <Measure.MEAN: 'mean'>
    """

    FINAL = "final"  # the value at the last time
    INTEGRAL = "integral"  # value * TIME STEP summed over all times but the last, as Euler's method integrates
    MEAN = "mean"  # the integral over the length of the run; the value itself where that is zero


@dataclass(frozen=True)
class Outcome:
    """A number made of a run: a measure of a variable, summed over the elements that `where` leaves.

    `where` fixes dimensions to one element or several; `discount` is a rate per unit of time, continuously compounded
    from the first time.

    >>> Outcome("welfare", Measure.INTEGRAL, discount=0.04).measure
    <Measure.INTEGRAL: 'integral'>
    """

    variable: str
    measure: Measure = Measure.FINAL
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    discount: float = 0.0

    def __post_init__(self) -> None:
        if self.measure not in tuple(Measure):
            found = f"{self.measure!r} is no measure; expected {' or '.join(Measure)}."
            raise InvalidRequest(Fault(found, self.variable))
        object.__setattr__(self, "measure", Measure(self.measure))
