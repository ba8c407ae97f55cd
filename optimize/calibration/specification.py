"""What to fit to what: the calibration file, as people write it in TOML or Python.

    data = "observations.csv"          # a table, see observations.py; beside this file, or in the folder of `regions`
    window = { from = 2010, to = 2020 }
    holdout = { fit_to = 2017, from = 2018, to = 2020 }

    [[parameter]]
    name = "openness"                  # a constant of the model; openness[Beijing] is one element of it
    lower = 0.0                        # default: the limits that the model file gives
    upper = 5.0
    deviation = 0.5                    # optional prior: the model's own value (or `prior`) with this standard deviation
    store = { file = "parameters.csv", column = "openness" }      # where --apply writes the estimates

    [[series]]
    variable = "population"            # of the model; population[Beijing] is one element of it
    transform = "log"                  # log: relative errors; level: absolute ones
    deviation = 0.01                   # standard deviation of the error: of the logarithm, or in the unit of the data
    total = "sum"                      # how elements make the total that is reported beside them

What is least is the sum over all observations of weight * ((simulated - observed) / deviation)^2, of the logarithms
where the transform says so, and over all priors of ((parameter - prior) / deviation)^2.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from ..files.documents import Document


def _listed(value: Any) -> Any:
    """A text alone is a list of one; a list the tuple that strict rules ask for."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Elements = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Positive = Annotated[float, Field(gt=0)]


class Transform(StrEnum):
    """The scale on which errors count."""

    LOG = "log"
    LEVEL = "level"


class Total(StrEnum):
    """How elements make one number."""

    SUM = "sum"
    MEAN = "mean"


class Store(Document):
    """A cell, or a column of cells, of a CSV file that holds a parameter.

    Rows are found by the column `key`, by default the first: by the names of elements, or for a parameter without
    dimensions by `row`. A parameter with two dimensions takes the columns named after the elements of its last one.
    """

    file: str
    column: str | None = None
    row: str | None = None
    key: str | None = None


class Parameter(Document):
    """A constant of the model, or elements of it, to be estimated.

    `lower` and `upper` default to the limits in the model file, `start` to the model's own value. With `deviation` the
    parameter has a prior: normal around `prior` (default: the model's own value) with this standard deviation.
    `where` and `without` choose elements by dimension.
    """

    name: str
    where: dict[str, Elements] = Field(default_factory=dict)
    without: dict[str, Elements] = Field(default_factory=dict)
    lower: float | None = None
    upper: float | None = None
    start: float | None = None
    prior: float | None = None
    deviation: Positive | None = None
    store: Store | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.prior is not None and self.deviation is None:
            raise ValueError("a prior needs its standard deviation: deviation = ...")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(f"lower = {self.lower:g} is not below upper = {self.upper:g}.")
        return self


class ObservedSeries(Document):
    """A variable of the model, or elements of it, and the column of the data that observes it.

    `column` (default: the variable's name) is in `file` (default: the calibration's `data`), only in rows whose cells
    are those of `rows`; its numbers times `factor` have the model's unit, and an observation at time t belongs to the
    model's time t + `shift`. `where` chooses elements. `deviation` defaults to one per cent: .01 for logarithms,
    .01 of the mean size for levels. With `half_life` recent observations weigh more: one that is so much older than the
    last one, in the model's unit of time, weighs half. `total_weights` names the column or model variable that weighs a
    mean.
    """

    variable: str
    name: str | None = None
    column: str | None = None
    file: str | None = None
    rows: dict[str, str] = Field(default_factory=dict)
    factor: float = 1.0
    shift: float = 0.0
    transform: Transform = Transform.LOG
    deviation: Positive | None = None
    weight: Positive = 1.0
    half_life: Positive | None = None
    where: dict[str, Elements] = Field(default_factory=dict)
    total: Total | None = None
    total_weights: str | None = None

    @property
    def title(self) -> str:
        """What reports call it."""
        return self.name or self.variable

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.total_weights is not None and self.total is not Total.MEAN:
            raise ValueError("total_weights weigh a mean: add total = 'mean'.")
        if not self.factor:
            raise ValueError("factor = 0 leaves nothing of the data.")
        return self


class ObservedTimes(Document):
    """The times of the observations that count, both included."""

    first: float | None = Field(None, alias="from")
    last: float | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError(f"from = {self.first:g} is after to = {self.last:g}.")
        return self


class Holdout(Document):
    """A second fit, to observations up to `fit_to`, judged by those `from` .. `to`, which it has not seen."""

    fit_to: float
    first: float | None = Field(None, alias="from")
    last: float | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.first is not None and self.first <= self.fit_to:
            raise ValueError(
                f"from = {self.first:g} is not after fit_to = {self.fit_to:g}: it would judge what it saw."
            )
        if self.last is not None and (self.last <= self.fit_to or self.last < (self.first or self.last)):
            raise ValueError(f"to = {self.last:g} leaves nothing to judge by.")
        return self


class Calibration(Document):
    """A calibration: parameters, series, and how to fit the ones to the others.

    `starts` fits begin at the model's own values and at random points within the bounds (`seed`); the best is taken.
    `tolerance` is that of the least change of cost and parameters; `most_evaluations` bounds the runs of each fit.

    >>> import optimize as opt
    >>> calibration = opt.calibrate("urbanization", holdout=False).calibration
    >>> [parameter.name for parameter in calibration.parameter]
    ['spreading speed', 'income elasticity of migration']
    """

    data: str | None = None
    regions: str | None = None
    window: ObservedTimes = ObservedTimes()
    holdout: Holdout | None = None
    seed: Annotated[int, Field(ge=0)] = 1
    starts: Annotated[int, Field(ge=1, le=1000)] = 1
    tolerance: Annotated[float, Field(gt=1e-15, lt=0.1)] = 1e-8
    most_evaluations: Annotated[int, Field(ge=1)] = 200
    parameter: Annotated[tuple[Parameter, ...], Field(min_length=1)]
    series: Annotated[tuple[ObservedSeries, ...], Field(min_length=1)]
