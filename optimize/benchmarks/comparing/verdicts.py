"""What a run means: a status with a sentence, said when all runs of an instance are known.

All that is believed of an answer is what the program says when it runs its levers. Differences of objectives count
relative to the best objective known (`Reference.scale`), violations relative to the limit's own size.

- `ok`: the levers keep all limits to 1e-6, are whole to 1e-5 where they must be, and their objective is within 1e-6 of
  the best known, or, where the solver tells a bound that holds, within the gap that it left (at most 1e-4, the usual
  default of mixed-integer solvers). A right "infeasible" or "unbounded" is ok where that is known to be true.
- `local`: the levers keep all limits, their objective is worse. That is no mistake of a local method.
- `inexact`: what was claimed is true only to a looser tolerance: a limit is missed, or the objective told is better
  than the levers bring, or on a convex problem an "optimum" is worse than the best, by more than 1e-6 and at most 1e-3.
  First order methods with their default tolerances end here.
- `wrong`: a claim that is false. One of
  - what is called optimal breaks a limit by more than 1e-3 of its size and 1e-6 in its unit, or is not whole by 1e-3,
  - the objective told is better than what the levers bring by more than 1e-3,
  - the levers or the objective told are better than what is known to be best by more than 1e-6 (and than 1e-6 in its
    unit, since tolerances are absolute), which only a broken limit makes possible,
  - an optimum for all policies is claimed (a convex problem, or a solver that tells bounds) and a policy that keeps all
    limits to 1e-9 is better by more than 1e-3, or than the claimed bound by more than 1e-6 (likewise),
  - "infeasible" for all policies where a policy keeps all limits, or where its own levers do; "unbounded" where that is
    known to be false.
- `infeasible`, `unbounded`: said, and nothing known against it; a local method means that it found none nearby.
- `timeout`, `memory`, `error`, `not accepted`, `interrupted`: as the run ended. What nobody understands is an error.

Why 1e-9 for witnesses: a policy that breaks a limit by 1e-6 may be better than a true bound.

Why `wrong` begins at 1e-3 and not at 1e-6: solvers run with their default options, whose tolerances are 1e-3 to 1e-8,
in their own scaling. What they may do by their own manual is not called false, but it does not count as solved either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ...problems.rounding import HOLDS, WHOLE
from ...solvers.solver import Ending
from .facts import End, Facts

CLOSE = 1e-6  # of the objective's scale: as good as the best
LOOSE = 1e-3  # beyond any default tolerance
STRICT = 1e-9  # violation of a policy that witnesses against others
GAP = 1e-4  # the gap that mixed-integer solvers leave by default
INFEASIBLE, UNBOUNDED = "infeasible", "unbounded"  # what is known to be true of an instance
SMALL = 1e-3  # of the way from the start: the least that objectives are counted in


class Status(StrEnum):
    """What a run counts as."""

    OK = "ok"
    LOCAL = "local"
    INEXACT = "inexact"
    WRONG = "wrong"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    ERROR = "error"
    NOT_ACCEPTED = "not accepted"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Reference:
    """The best of an instance over all runs, in the plan's own direction, where `sign` is 1 for less is better.

    `best` keeps all limits to 1e-6 or is known from elsewhere, `witness` keeps them to 1e-9; NaN where there is none.
    `sure`: nothing can be better than `best`, since it is known, or the problem is convex and a solver ended there.
    """

    sign: float
    best: float
    witness: float
    scale: float
    sure: bool = False

    @property
    def certain(self) -> float:
        """How much better than the best, relative, no tolerance explains: these are absolute, of small numbers too."""
        return CLOSE * max(1.0, 1.0 / self.scale)

    def behind(self, objective: float, other: float | None = None) -> float:
        """By how much an objective is worse than the best (or another), relative; negative where it is better."""
        return self.sign * (objective - (self.best if other is None else other)) / self.scale


@dataclass(frozen=True)
class Verdict:
    """A run with its status, and why in a sentence; `gap`: how far it is behind the best, NaN without an objective."""

    facts: Facts
    status: Status
    why: str
    gap: float = float("nan")


def is_feasible(facts: Facts) -> bool:
    """Whether the levers of an answer keep all limits, and are whole where they must be."""
    return facts.end == End.ANSWERED and facts.violation <= HOLDS and facts.fraction <= WHOLE


def reference(runs: Sequence[Facts]) -> Reference:
    """What the runs of an instance know together, and what was known before."""
    sign = next((facts.sign for facts in runs if facts.levers), 1.0)
    known = next((facts.known for facts in runs if math.isfinite(facts.known)), math.nan)
    feasible = [facts for facts in runs if is_feasible(facts)]
    seen = [sign * facts.objective for facts in feasible]
    seen += [sign * point.objective for facts in runs for point in facts.points]
    best = sign * min((*seen, *([sign * known] if math.isfinite(known) else [])), default=math.nan)
    strict = [sign * facts.objective for facts in feasible if facts.violation <= STRICT and facts.fraction <= STRICT]
    started = next((facts.started for facts in runs if math.isfinite(facts.started)), math.nan)
    way = abs(started - best) if math.isfinite(started) else 0.0
    told = [abs(facts.objective) for facts in runs if math.isfinite(facts.objective)]
    scale = max(abs(best), SMALL * way) if math.isfinite(best) else max(told, default=1.0)
    found = Reference(sign, best, sign * min(strict, default=math.nan), scale or 1.0)
    ended = (facts for facts in feasible if facts.ending == Ending.OPTIMAL and found.behind(facts.objective) <= CLOSE)
    holds = math.isfinite(known) and found.behind(known) <= CLOSE
    return replace(found, sure=holds or any(facts.is_convex for facts in ended))


def verdict(facts: Facts, runs: Reference) -> Verdict:
    """What a run counts as, beside what all runs of its instance know."""
    if facts.end != End.ANSWERED:
        status, words = UNANSWERED[facts.end]
        return Verdict(facts, status, facts.message or words)
    gap = runs.behind(facts.objective) if math.isfinite(facts.objective) else math.nan
    for status, why in (*_falsehoods(facts, runs), *_rest(facts, runs, gap)):
        return Verdict(facts, status, why, gap)
    return Verdict(facts, Status.ERROR, f"ended as {facts.ending!r}, without levers that keep all limits.", gap)


UNANSWERED: Mapping[End, tuple[Status, str]] = {
    End.REFUSED: (Status.NOT_ACCEPTED, "does not take the problem."),
    End.RAISED: (Status.ERROR, "failed."),
    End.CRASHED: (Status.ERROR, "crashed."),
    End.TIME: (Status.TIMEOUT, "did not end in time."),
    End.MEMORY: (Status.MEMORY, "took too much memory."),
    End.UNMADE: (Status.ERROR, "the problem could not be made."),
    End.INTERRUPTED: (Status.INTERRUPTED, "was interrupted."),
}


# --- claims -----------------------------------------------------------------------------------------------------------


def _falsehoods(facts: Facts, runs: Reference) -> Iterator[tuple[Status, str]]:
    """What of a run's claims is false, the worst first."""
    claims_all, witness = facts.is_global or facts.is_convex, runs.witness
    if facts.ending == Ending.OPTIMAL:
        yield from _of_optimum(facts, runs, claims_all=claims_all)
    if facts.ending == Ending.INFEASIBLE and is_feasible(facts):
        yield Status.WRONG, "called infeasible; its own levers keep all limits."
    if facts.ending == Ending.INFEASIBLE and claims_all and math.isfinite(witness):
        yield Status.WRONG, f"called infeasible; {_number(witness)} is reached within all limits."
    if facts.ending == Ending.UNBOUNDED and (runs.sure or facts.truth == INFEASIBLE):
        yield Status.WRONG, "called unbounded; it is not."
    says_bound = math.isfinite(facts.bound) and facts.ending not in (Ending.INFEASIBLE, Ending.UNBOUNDED)
    if says_bound and math.isfinite(witness) and -runs.behind(witness, facts.bound) > runs.certain:
        claimed, reached = _number(facts.bound), _number(witness)
        yield Status.WRONG, f"claims that nothing is better than {claimed}; {reached} is reached within all limits."


def _of_optimum(facts: Facts, runs: Reference, *, claims_all: bool) -> Iterator[tuple[Status, str]]:
    """What of an optimum that is claimed is false, or true to a looser tolerance only."""
    told_better = runs.sign * (facts.objective - facts.claimed) / runs.scale if math.isfinite(facts.claimed) else 0.0
    missed = max(facts.violation, facts.fraction if facts.fraction > WHOLE else 0.0)
    shown = [runs.behind(value) for value in (facts.objective, facts.claimed) if math.isfinite(value)]
    beyond = -min(shown, default=0.0)
    short = runs.behind(facts.objective, runs.witness) if math.isfinite(runs.witness) and claims_all else 0.0
    broken = f"called optimal; {_miss(facts)}"
    told = f"tells {_number(facts.claimed)}; its own levers bring {_number(facts.objective)}."
    if facts.truth == UNBOUNDED and claims_all:
        yield Status.WRONG, "called optimal; the objective grows without end."
    if not math.isfinite(facts.objective):
        yield Status.WRONG, "called optimal; the run of its levers leaves the numbers."
    if runs.sure and beyond > runs.certain and max(missed, told_better) > HOLDS:
        found = broken if missed > HOLDS else told
        yield Status.WRONG, f"better than the best that there is, {_number(runs.best)}: {found}"
    if missed > LOOSE and not max(facts.excess, facts.fraction) <= CLOSE:
        yield Status.WRONG, broken
    if told_better > LOOSE:
        yield Status.WRONG, told
    if short > LOOSE:
        reached, own = _number(runs.witness), _number(facts.objective)
        yield Status.WRONG, f"called optimal with {own}; {reached} is reached within all limits."
    if missed > HOLDS:
        yield Status.INEXACT, broken
    if told_better > CLOSE:
        yield Status.INEXACT, told
    if short > max(CLOSE, _gap(facts, runs)):
        yield Status.INEXACT, f"called optimal; it is behind the best by {short:.1e} of it."


def _gap(facts: Facts, runs: Reference) -> float:
    """What a solver leaves between its levers and its bound, relative; up to what is usual."""
    left = abs(runs.behind(facts.objective, facts.bound)) if math.isfinite(facts.bound) else 0.0
    return left if left <= GAP else 0.0


def _rest(facts: Facts, runs: Reference, gap: float) -> Iterator[tuple[Status, str]]:
    """What a run without false claims is."""
    said, keeps, left = facts.ending, is_feasible(facts), _gap(facts, runs)
    if said == facts.truth:
        yield Status.OK, f"rightly called {said}."
    if said == Ending.INFEASIBLE:
        yield Status.INFEASIBLE, "found no policy that keeps all limits."
    if said == Ending.UNBOUNDED:
        yield Status.UNBOUNDED, "says that the objective grows without end."
    if keeps and gap <= max(CLOSE, left):
        yield Status.OK, "" if gap <= CLOSE else f"within the gap of {left:.1e} that it proves."
    if said == Ending.TIME_LIMIT:
        yield Status.TIMEOUT, f"behind the best by {gap:.1e} at its limit." if keeps else "ended at its limit."
    if said == Ending.INTERRUPTED:
        yield Status.INTERRUPTED, "was interrupted."
    if said == Ending.FAILED:
        yield Status.ERROR, "failed by its own account."
    if keeps:
        yield Status.LOCAL, f"behind the best by {gap:.1e} of it, ended as {said!r}."


def _miss(facts: Facts) -> str:
    """Which limit levers break, and by how much."""
    if facts.fraction > max(WHOLE, facts.violation):
        return f"a whole number is missed by {facts.fraction:.1e}."
    return f"{facts.breaks or 'a limit'!r} is broken by {facts.violation:.1e} of its size."


def _number(value: float) -> str:
    return f"{value:.9g}"


def judged(runs: Iterable[Facts]) -> list[Verdict]:
    """All runs with what they count as, each beside all others of its instance."""
    listed = list(runs)
    by_instance: dict[str, list[Facts]] = {}
    for facts in listed:
        by_instance.setdefault(facts.instance, []).append(facts)
    references = {key: reference(found) for key, found in by_instance.items()}
    return [verdict(facts, references[facts.instance]) for facts in listed]
