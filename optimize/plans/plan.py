"""A plan: what may be decided, what is to be maximized, and the limits, as people write it in TOML.

Every time in a plan is in the model's unit of time, every amount in the unit of the variable that it bounds. A plan is
checked twice: here for its form, and where it meets a model (`problem.py`) for its names. Both report every fault at
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from sd_models.errors import Fault, InvalidRequest
from sd_models.reading.files import is_model_file
from sd_models.reading.library import FOLDER, library
from sd_models.simulator.measures import Measure

from ..files.documents import Document, document_of, read_toml

Points: TypeAlias = Annotated[tuple[tuple[float, float], ...], Field(min_length=1)]
Elements: TypeAlias = str | tuple[str, ...]
Positive: TypeAlias = Annotated[float, Field(gt=0)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0)]


REPEATED = "two limits are called {!r}; give every limit a name of its own"


class Objective(Document):
    """The variable that is to become as large (or small) as possible, and how its path becomes one number.

    `integral` is the value times TIME STEP summed over the horizon, `mean` that over the length of the horizon, `final`
    the value at its end. With `discount` r, what lies t after the start counts exp(-r t). `final_weight` adds that many
    times the last value, discounted likewise. A variable with dimensions counts as the sum of its elements.
    """

    maximize: str | None = None
    minimize: str | None = None
    measure: Measure = Measure.INTEGRAL
    discount: float = 0.0
    final_weight: float = 0.0
    where: Mapping[str, Elements] = Field(default_factory=dict)

    @property
    def variable(self) -> str:
        """The name of the variable."""
        return self.maximize or self.minimize or ""

    @property
    def sign(self) -> float:
        """1 to maximize, -1 to minimize."""
        return 1.0 if self.maximize else -1.0

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.maximize is None) == (self.minimize is None):
            raise ValueError("name one variable, to maximize or to minimize")
        return self


class ValueAt(Document):
    """The value of a model variable at another time or without the policy, times `factor`.

    With `at` it is the mean over the period that begins then; else what the limit takes at its own times: a mean, the
    value at the end, an integral. With `baseline` it comes from the run of the model's own levers, with the same
    constants and the same horizon: a number for each element and time, which no lever moves.
    """

    variable: str
    at: float | None = None
    baseline: bool = False
    factor: float = 1.0


# A number; the name of a model variable; points (time, value) of a path, straight between them; or a value elsewhere.
Amount: TypeAlias = float | str | Points | ValueAt


# A number; the name of a model variable that no lever moves; or a value in the baseline.
Step: TypeAlias = NotNegative | str | ValueAt


class Ramp(Document):
    """The most that a lever moves from one period to the next: a share of its value, and an amount, both a unit of
    time.

    Either may be a variable with the lever's dimensions or some of them: what it is in the period into which the lever
    moves. The first period is free, unless the ramp counts `from_start`: from the model's own value of the lever just
    before the horizon (at its start where the run starts there), as if a period as long as the first lay between.
    What begins at zero needs an absolute part to leave it.
    """

    relative: Step = 0.0
    absolute: Step = 0.0
    from_start: bool = False

    @property
    def numbers(self) -> tuple[float, float] | None:
        """The share and the amount where these tell all: two numbers, and the first period free."""
        if self.from_start or not isinstance(self.relative, int | float) or not isinstance(self.absolute, int | float):
            return None
        return self.relative, self.absolute


class Lever(Document):
    """A model input that may be decided: one value for each element and each period of `every`.

    Several levers may share a variable if `where` keeps them apart. `fixed` gives the values instead of deciding them.
    A bound or a fixed value that is a variable holds by element and period; where levers move it, it moves with them,
    unless its value in the baseline is meant.
    """

    variable: str
    every: Positive = 1.0
    lower: Amount | None = None
    upper: Amount | None = None
    ramp: Ramp | None = None
    fixed: Amount | None = None
    where: Mapping[str, Elements] = Field(default_factory=dict)


class Term(Document):
    """A part of a limit: a variable, times `factor`, times the value of the variable `by` (which no lever may move).

    The dimensions in `over` are summed.
    """

    variable: str
    over: tuple[str, ...] = ()
    factor: float = 1.0
    by: str | None = None
    where: Mapping[str, Elements] = Field(default_factory=dict)


class Periods(Document):
    """The periods that begin from one time to another, both included; with `every` the first of these, and then one
    every so many units of time."""

    from_: float | None = Field(default=None, alias="from")
    to: float | None = None
    every: Positive | None = None


class Each(Document):
    """Totals of every so many units of time."""

    each: Positive


Times: TypeAlias = Annotated[tuple[float, ...], Field(min_length=1)]
When: TypeAlias = Literal["always", "final", "total"] | Periods | Each | Times


class Limit(Document):
    """A linear expression of levers and model variables that is at most, at least or equal to an amount.

    One of `sum` (a variable summed over the dimensions in `over`), `variable` (each element by itself) and `terms`
    (names with factors, or a list of terms) says what is limited. `when`:

    - `always`: in every period, the mean over the period (a lever has one value there)
    - `{ from = 2030, to = 2050 }`: likewise, in the periods that begin in this span; with `every = 5` in one of them
      every five units of time; `[2030, 2040]`: in the periods that begin at these times
    - `final`: the value at the end of the horizon
    - `total`: the integral over the horizon; `{ each = 5 }`: the integral over every five units of time

    `shift` is added to the amounts, whatever these are: what if the budget were 100 larger.
    """

    name: str
    sum: str | None = None
    variable: str | None = None
    terms: Mapping[str, float] | tuple[Term, ...] | None = None
    over: tuple[str, ...] = ()
    where: Mapping[str, Elements] = Field(default_factory=dict)
    at_most: Amount | None = None
    at_least: Amount | None = None
    equals: Amount | None = None
    when: When = "always"
    shift: float | Points = 0.0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if sum(part is not None for part in (self.sum, self.variable, self.terms)) != 1:
            raise ValueError("say what is limited by one of sum, variable, terms")
        amounts = [part for part in (self.at_most, self.at_least, self.equals) if part is not None]
        if not amounts or (self.equals is not None and len(amounts) > 1):
            raise ValueError("give at_most or at_least or both, or equals alone")
        if self.variable is not None and self.over:
            raise ValueError("`variable` limits each element by itself; write `sum` to sum over dimensions")
        return self

    @property
    def listed(self) -> tuple[Term, ...]:
        """What is limited, as terms."""
        if self.sum is not None or self.variable is not None:
            return (Term(variable=self.sum or self.variable or "", over=self.over),)
        if isinstance(self.terms, Mapping):
            return tuple(Term(variable=name, over=self.over, factor=factor) for name, factor in self.terms.items())
        return self.terms or ()


class SolverChoice(Document):
    """Which solver, and how far it goes. `tolerance` bounds the scaled KKT residual; `time_limit` is in seconds.

    Without a name it is `sqp` for few levers and `ipm` for many.
    """

    name: str | None = None
    tolerance: Positive = 1e-6
    starts: Annotated[int, Field(ge=1)] = 1
    time_limit: Positive = 600.0
    iterations: Annotated[int, Field(ge=1)] = 200
    seed: int = 0


class Plan(Document):
    """Model, horizon, objective, levers and limits.

    `horizon` gives the times at which the first and the last period begin: [2026, 2050] with yearly levers are 25
    periods, and the run ends with the year 2050, at 2051.0. A period is as long as the shortest `every` of the levers.
    `regions` is the data folder of a model that can take several. `constants` are values in place of the model's own,
    with the policy and without: `"mobility" = 0.5`, or of some elements, `"mobility[CN-HA]" = 0.4`.

    >>> import optimize as opt
    >>> plan = opt.load_plan("urbanization")
    >>> plan.objective.variable, [lever.variable for lever in plan.levers], [limit.name for limit in plan.limits]
    ('national urban share', ['public investment in citizenization'], ['budget'])
    """

    model: str
    regions: str | None = None
    horizon: tuple[float, float]
    objective: Objective
    levers: Annotated[tuple[Lever, ...], Field(alias="lever", min_length=1)]
    limits: Annotated[tuple[Limit, ...], Field(alias="limit")] = ()
    solver: SolverChoice = SolverChoice()
    data: tuple[str, ...] = ()
    constants: Mapping[str, float] = Field(default_factory=dict)

    @field_validator("horizon")
    @classmethod
    def _in_order(cls, horizon: tuple[float, float]) -> tuple[float, float]:
        first, last = horizon
        if last < first:
            raise ValueError(f"the horizon ends ({last:g}) before it begins ({first:g})")
        return horizon

    @field_validator("limits")
    @classmethod
    def _named_apart(cls, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
        names = [limit.name for limit in limits]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(REPEATED.format(repeated[0]))
        return limits

    @property
    def every(self) -> float:
        """The length of a period."""
        return min(lever.every for lever in self.levers)

    @property
    def named(self) -> Iterator[tuple[str, str]]:
        """Every variable that the plan names, after the place where it does."""
        yield "objective", self.objective.variable
        for lever in self.levers:
            place = f"lever {lever.variable!r}"
            yield place, lever.variable
            yield from ((place, name) for name in _in_amounts(*_amounts_of(lever)))
        for limit in self.limits:
            yield from ((f"limit {limit.name!r}", name) for name in _in_limit(limit))

    @property
    def has_baseline(self) -> bool:
        """Whether something in it is held against the run of the model's own levers."""
        from_start = any(lever.ramp is not None and lever.ramp.from_start for lever in self.levers)
        return from_start or any(isinstance(amount, ValueAt) and amount.baseline for amount in self.amounts)

    @property
    def amounts(self) -> Iterator[Amount]:
        """What levers, ramps and limits are held to."""
        given = [_amounts_of(lever) for lever in self.levers]
        given += [(limit.at_most, limit.at_least, limit.equals) for limit in self.limits]
        return (amount for amounts in given for amount in amounts if amount is not None)

    @property
    def limited(self) -> tuple[str, ...]:
        """The variables that limits hold by themselves or as a sum, as the plan spells them."""
        return tuple(name for limit in self.limits if (name := limit.variable or limit.sum))

    @property
    def names(self) -> Iterator[str]:
        """Every variable that the plan names, as it spells it."""
        return (name for _, name in self.named)


def load_plan(path: str | Path) -> Plan:
    """The plan of a TOML file, or of a library model by its name; InvalidRequest lists everything that is wrong.

    A model file and data files that the plan names are looked for beside the plan. A plan that is `like` another has
    that one's tables where it has none of its own: `like = "plan.toml"`, a file beside it or a library model's plan.

    >>> load_plan("common_prosperity").horizon
    (2026.0, 2050.0)
    """
    return read_plan(plan_content(path), file=plan_path(path).name)


def plan_content(path: str | Path) -> dict[str, Any]:
    """What stands in the file of a plan, right or wrong, with the files that it names looked for beside it."""
    path = plan_path(path)
    if is_model_file(path):
        advice = f"Write one for it: prosperity plan {path.name} --out my_plan.toml."
        raise InvalidRequest(Fault("is a model; expected a plan.", file=path.name, advice=advice))
    return _whole(path)


def _whole(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The tables of a plan, and those of the plan that it is `like` where it has none of its own."""
    if path.resolve() in above:
        names = " -> ".join(step.name for step in (*above, path))
        raise InvalidRequest(Fault(f"a plan is like itself: {names}.", advice="One of them must stand for itself."))
    content = read_toml(path)
    other = content.pop("like", None)
    if other is None:
        return _beside(content, path.parent)
    if not isinstance(other, str):
        advice = 'Name the plan that this one starts from: like = "plan.toml".'
        raise InvalidRequest(Fault(f"'like' is {other!r}; expected a text.", file=path.name, advice=advice))
    start = plan_path(other) if other in library() else path.parent / other
    return _whole(start, (*above, path.resolve())) | _beside(content, path.parent)


def plan_path(plan: str | Path) -> Path:
    """The file of a plan: the path itself, or the plan that lies beside a library model of that name."""
    beside = FOLDER / str(plan) / "plan.toml"
    return beside if str(plan) in library() and beside.is_file() else Path(plan)


def read_plan(content: Mapping[str, Any], *, file: str = "") -> Plan:
    """The plan of a dictionary with the keys of the file; InvalidRequest lists everything that is wrong with it.

    >>> read_plan({"model": "urbanization", "horizon": [2021, 2050]})
    Traceback (most recent call last):
    sd_models.errors.InvalidRequest: the key 'objective' is missing.
    the key 'lever' is missing.
    """
    return document_of(content, Plan, file=file)


def _beside(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The content with the files that it names looked for beside the plan, wherever they are read from later."""
    found, folder = dict(content), folder.absolute()
    model, data = found.get("model"), found.get("data")
    if isinstance(model, str) and Path(model).suffix:
        found["model"] = str(folder / model)
    if isinstance(data, list):
        found["data"] = [str(folder / item) if isinstance(item, str) else item for item in data]
    return found


def _in_limit(limit: Limit) -> Iterator[str]:
    for term in limit.listed:
        yield term.variable
        yield from (name for name in (term.by,) if name)
    yield from _in_amounts(limit.at_most, limit.at_least, limit.equals)


def _amounts_of(lever: Lever) -> tuple[Amount | None, ...]:
    steps = () if lever.ramp is None else (lever.ramp.relative, lever.ramp.absolute)
    return (lever.lower, lever.upper, lever.fixed, *steps)


def _in_amounts(*amounts: Amount | None) -> Iterator[str]:
    for amount in amounts:
        if isinstance(amount, str):
            yield amount
        elif isinstance(amount, ValueAt):
            yield amount.variable
