"""Headlines of a model that names none: what moves most in a run, in units of its own spread.

How far a variable moves is its standard deviation over time, the root mean square of those of its elements. Its spread
is the distance between the least and the greatest of all its values, of all times and elements and zero. The ratio has
no unit and lies between 0 and 1/2: a variable that grows from nothing in a straight line has .29, one that doubles .14,
a swing around zero .35, a short pulse or a jump at the start next to nothing, and a level that hardly changes nothing,
however many its units are.

Why not sums: adding up elements makes sense for people and money, not for shares and prices, and nothing tells which is
which. What the model itself adds up comes before its parts where these differ in size, since the largest of them sets
the spread of all; of two that move alike the first in the file comes first. Variables of two dimensions and more are
left out, as no reader takes in a hundred lines; so are those whose path is a multiple of one that stands already, those
with values that are no numbers, and all that is given and not computed: constants, data, tables. What macros and
rewrites added has no name that people know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sd_models.system.model import FloatArray, Kind, System, Variable

from .headline import Headline, headlines
from .names import names
from .parts import parts

if TYPE_CHECKING:
    from xarray import Dataset

MOST = 12
COMPUTED = (Kind.STOCK, Kind.SAMPLE, Kind.AUXILIARY)
STILL = 1e-9  # of the spread: what moves less stands still but for rounding
DIGITS = 9  # of the measure: rounding of other machines changes no order
ALIKE = 1e-6  # of the largest value: two paths that differ less are one


def headline_outcomes(system: System, run: Dataset | None = None) -> tuple[Headline, ...]:
    """What people look at first: the headlines beside the model or, where it has none, what moves most in a run.

    Without a run the model is simulated as it stands.

    >>> import optimize as opt, sd_models as sd
    >>> for headline in opt.headline_outcomes(sd.load("urbanization"))[:3]:
    ...     print(f"{headline.english}, {headline.unit}")
    Urban share, %
    Income a head, thousand yuan a person and year
    Urban over rural income, times
    """
    named = headlines(system)
    if named:
        return named
    if run is None:
        from sd_models.simulator.simulation import simulate

        run = simulate(system)
    return chosen(system, run)


@dataclass(frozen=True)
class Goal:
    """What is to be had more or less of, and what else is asked about: variables that limits hold, and levers."""

    variable: str
    is_more_better: bool
    limited: tuple[str, ...] = ()
    levers: tuple[str, ...] = ()


def headlines_towards(goal: Goal, system: System, run: Dataset | None = None) -> tuple[Headline, ...]:
    """What people look at first where a goal is sought: the goal, what limits hold, then the headlines of the model.

    What stands in the table beside the model keeps its place there, since who made it knows what matters. A goal that
    was left out of the table comes last: it is what a search needs, not what people read. Levers are none of these.
    What the goal is the sum of by element follows it, since who loses is seen there: what is better is known of the
    goal, and so of these.
    """
    table = {system[one.variable].name for one in headlines(system)}
    known = {system[one.variable].name: one for one in headline_outcomes(system, run)}
    own = system[goal.variable].name
    left_out = {own, *(system[name].name for name in goal.levers)}
    limited = dict.fromkeys(system[name].name for name in goal.limited)
    added = [known.get(name) or _plain(system, name) for name in limited if _is_outcome(system[name])]
    before = [one for one in added if system[one.variable].name not in table]
    others = [one for one in known.values() if one not in before]
    shown = {system[one.variable].name: one for one in (*before, *others)}
    sought = {
        name: _sought(known.get(name) or _plain(system, name), goal)
        for name in (own, *(part for part in parts(system, own, goal.levers) if part not in left_out))
    }
    beside = [one for name, one in sought.items() if name not in table or name == own]
    placed = [sought.get(name, one) for name, one in shown.items() if name not in left_out]
    placed = [one for one in placed if one not in beside]
    return (*placed, *beside) if table and own not in table else (*beside, *placed)


def _sought(headline: Headline, goal: Goal) -> Headline:
    """The goal as a headline; what is better is known of it."""
    return headline if headline.better else replace(headline, better="more" if goal.is_more_better else "less")


def _plain(system: System, name: str) -> Headline:
    """A variable that stands in no table, by its name alone."""
    called = names(system)
    return replace(_headline(system[name]), english=called.of(name, "en"), chinese=called.of(name, "zh"))


def _is_outcome(variable: Variable) -> bool:
    return variable.kind in COMPUTED and len(variable.dimensions) < 2


def chosen(system: System, run: Dataset, *, most: int = MOST) -> tuple[Headline, ...]:
    """At most so many variables of a run, what moves most first; they keep the model's names and units.

    >>> import sd_models as sd
    >>> system = sd.load("urbanization")
    >>> [headline.variable for headline in chosen(system, sd.simulate(system), most=2)]
    ['gap to the reference urban share', 'national income a head']
    """
    candidates = [variable for variable in system if _is_candidate(variable, run)]
    paths = {variable.name: _path(run, variable) for variable in candidates}
    moves = {name: movement(path) for name, path in paths.items()}
    ordered = sorted((name for name in paths if moves[name] > STILL), key=lambda name: -round(moves[name], DIGITS))
    kept: list[str] = []
    for name in ordered:
        if len(kept) < most and not any(_alike(paths[name], paths[other]) for other in kept):
            kept.append(name)
    return tuple(_headline(system[name]) for name in kept)


def movement(path: FloatArray) -> float:
    """How far a path (time, elements) moves in units of its spread; 0 where it has numbers that are not finite.

    >>> round(movement(np.linspace(0, 1, 1000)[:, None]), 3)
    0.289
    """
    if not np.isfinite(path).all():
        return 0.0
    spread = max(path.max(), 0.0) - min(path.min(), 0.0)
    return float(np.sqrt(path.var(axis=0).mean()) / spread) if spread > 0 else 0.0


def _is_candidate(variable: Variable, run: Dataset) -> bool:
    computed = variable.kind in COMPUTED and not variable.origin
    return computed and len(variable.dimensions) < 2 and variable.name in run and "time" in run[variable.name].dims


def _path(run: Dataset, variable: Variable) -> FloatArray:
    """The values of a variable, (time, elements)."""
    values = np.asarray(run[variable.name].transpose("time", ...).values, dtype=np.float64)
    return values.reshape(len(values), -1)


def _alike(one: FloatArray, other: FloatArray) -> bool:
    """Whether one path is a multiple of the other."""
    if one.shape != other.shape:
        return False
    place = int(np.abs(other).argmax())
    factor = one.flat[place] / other.flat[place]
    return bool(np.abs(one - factor * other).max() <= ALIKE * np.abs(one).max())


def _headline(variable: Variable) -> Headline:
    by = next(iter(variable.dimensions), "")
    return Headline(variable.name, variable.unit, 1.0, variable.name, variable.name, by=by)
