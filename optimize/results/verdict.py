"""What a result is worth, in one word, one sentence and one piece of advice, and what that rests on.

Nothing is called optimal unless the scaled KKT residual is at most 1e-6, every limit holds to 1e-6 in the simulated
run, and PySD's own run of the untouched file agrees to 1e-6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from ..runs.comparison import Gap
from ..solvers.solver import Ending
from .violations import Violation, largest

TOLERANCE = 1e-6


class Standing(StrEnum):
    """What a result is."""

    PROVED = "proved optimum"
    LOCAL = "local optimum"
    UNVERIFIED = "optimum, not replayed yet"
    REFUTED = "refuted"
    INFEASIBLE = "infeasible"
    STATIONARY = "stationary point"
    NO_GRADIENT = "no gradient"
    UNBOUNDED = "unbounded"
    LIMIT_REACHED = "best found, limit reached"
    INTERRUPTED = "best found, interrupted"
    STALLED = "best found, stalled"
    FAILED = "failed"


NO_POLICY = (Standing.REFUTED, Standing.INFEASIBLE, Standing.UNBOUNDED, Standing.FAILED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A result's standing, with a sentence that says why and advice on what to do now."""

    standing: Standing
    sentence: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.standing.capitalize()}. {self.sentence} {self.advice}".rstrip()

    @property
    def is_policy(self) -> bool:
        """Whether what was found is a policy: one that keeps all limits, and not merely where a search began."""
        return self.standing not in NO_POLICY

    @property
    def is_optimal(self) -> bool:
        """Whether the promise of an optimum is kept in all its parts."""
        return self.standing in (Standing.PROVED, Standing.LOCAL)


class Curvature(StrEnum):
    """What is known of the second derivative along directions that keep what holds."""

    HOLDS = "nowhere negative"
    NEGATIVE = "negative"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Looked:
    """What certificates looked at where the search ended, and what they found.

    `least_curvature` is the change of the objective's slope along the direction where it is least, for moving levers by
    their own sizes, in the unit of the objective (NaN where it is not known, infinite where no direction is left);
    `flat_directions` of `directions` have none that counts. `probes` policies around and far away were tried; the best
    is `better` by so much, 0 if none is. `worth` is what all levers in their sizes are worth there. `idle` levers move
    nothing there; `is_idle` if none does.
    """

    curvature: Curvature
    least_curvature: float
    directions: int
    flat_directions: int
    probes: int
    better: float
    worth: float
    idle: tuple[str, ...] = ()
    is_idle: bool = False
    kinks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What a verdict rests on: how the solver ended, the scaled KKT residual, the largest relative violation of a limit
    in the simulated run, and where that is; `convex` tells that no run of the model takes part in the problem;
    `failure` says why there is no policy at all, where that is known, or which levers go on without end; `looked` what
    certificates saw."""

    ending: Ending
    kkt_residual: float
    violation: float
    violated: str = ""
    convex: bool = False
    failure: str = ""
    looked: Looked | None = None

    @property
    def is_feasible(self) -> bool:
        """Whether every limit holds."""
        return self.violation <= TOLERANCE


@dataclass(frozen=True, slots=True)
class Verification:
    """What PySD's replay found.

    `gap` is the largest relative gap between our run and PySD's, over everything that the plan names; `objective` the
    one of PySD's run, `violations` those of the limits in it, `seconds` the time that PySD took. Of a file that asks
    for another method than Euler's, the gap is that of Euler's method, and the limits are those in our run. `doubts` is
    what the folder of the result says and is not so.
    """

    gap: Gap
    objective: float
    violations: tuple[Violation, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def largest_limit_violation(self) -> float:
        """The largest relative violation of a limit in PySD's run."""
        return largest(self.violations)

    @property
    def passed(self) -> bool:
        """Whether PySD's run is ours, and nothing that the folder says is refuted."""
        return self.gap.size <= TOLERANCE and not self.doubts

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        where = f' ("{self.gap.variable}" at {self.gap.time:g})' if self.gap.size else ""
        limits = f"the largest violation of a limit there is {self.largest_limit_violation:.1e}"
        agrees = "agrees with ours" if self.gap.size <= TOLERANCE else "differs from ours"
        doubts = f"What the folder says is not so: {'; '.join(self.doubts)}. " if self.doubts else ""
        return f"{doubts}PySD's run of the policy {agrees}: largest gap {self.gap.size:.1e}{where}; {limits}."


def judge(found: Findings, verification: Verification | None = None, starts: int = 1) -> Verdict:
    """The verdict on a result, before or after its replay in PySD, of a search from so many starts."""
    if verification is not None and not verification.passed:
        advice = "Optimize again." if verification.doubts else "Trust PySD's run; report the model, please."
        return Verdict(Standing.REFUTED, verification.sentence, advice)
    if verification is not None and verification.largest_limit_violation > max(found.violation, TOLERANCE):
        worst = max(verification.violations, key=lambda item: item.size)
        found = replace(found, violation=worst.size, violated=f"{worst.place} in PySD's run")
    if found.ending is Ending.FAILED and found.violation == math.inf:
        return Verdict(Standing.FAILED, found.failure or "There is no usable run.", "Look at the notes.")
    if found.ending is Ending.INFEASIBLE and found.failure:
        advice = "Change the limit, or make something that it follows from a lever."
        return Verdict(Standing.INFEASIBLE, found.failure, advice)
    if found.ending is Ending.INFEASIBLE and not found.is_feasible:
        text = f"No policy near fulfils all limits; the best one misses {found.violated} by {_part(found.violation)}."
        return Verdict(Standing.INFEASIBLE, text, "See which limits conflict, and relax one of them.")
    if found.ending is Ending.UNBOUNDED:
        text = f"Nothing holds it: the objective goes on growing with {found.failure}."
        return Verdict(Standing.UNBOUNDED, text, "Give these levers bounds, or a limit on what they cost.")
    if found.kkt_residual <= TOLERANCE and found.is_feasible:
        return _doubted(found, starts) or _optimum(found, verification, starts)
    return _stopped(found)


def _doubted(found: Findings, starts: int) -> Verdict | None:
    """The verdict on a point where first order holds and something else does not; None where all does."""
    looked = found.looked
    if found.convex:
        return None
    first = f"First order holds (KKT residual {found.kkt_residual:.1e})"
    if looked is None:
        return Verdict(Standing.STATIONARY, f"{first}; nothing else was looked at.", "Let it come to its end.")
    if looked.is_idle:
        text = f"The objective does not move with any lever here: {', '.join(looked.idle)}{_flat(looked)}."
        return Verdict(Standing.NO_GRADIENT, f"{text} {_tried(looked)}", f"Start elsewhere ({_more(starts, 20)}).")
    if looked.better > 0.0:
        text = f"{first}, but a policy near by is better by {looked.better:.3g}, from which the search did not go on"
        return Verdict(Standing.STATIONARY, f"{text}.", f"Give it more time, or other starts ({_more(starts)}).")
    if looked.curvature is Curvature.NEGATIVE:
        text = f"{first}, but along a direction the objective curves upwards ({looked.least_curvature:.2g})"
        return Verdict(Standing.STATIONARY, f"{text}.", f"Try other starts ({_more(starts)}).")
    if looked.curvature is Curvature.UNKNOWN:
        return Verdict(Standing.STATIONARY, f"{first}; {_UNKNOWN}.", "Try --solver ipopt too.")
    return None


def _more(starts: int, usual: int = 5) -> str:
    """The option that asks for more starts than there were.

    >>> _more(1), _more(5)
    ('--starts 5', '--starts 10')
    """
    return f"--starts {max(usual, 2 * starts)}"


_UNKNOWN = "whether curvature of a higher order, or a kink, makes another policy better is not known"


def _flat(looked: Looked) -> str:
    return f"; flat: {', '.join(looked.kinks)}" if looked.kinks else ""


def _tried(looked: Looked) -> str:
    return f"None of {looked.probes} other policies is better."


def _optimum(found: Findings, verification: Verification | None, starts: int) -> Verdict:
    proof = f"KKT residual {found.kkt_residual:.1e}, largest violation of a limit {found.violation:.1e}"
    if verification is None:
        text = f"No policy near is better ({proof}); PySD has not replayed it.{_seen(found)}"
        return Verdict(
            Standing.UNVERIFIED,
            text,
            "`prosperity verify RUN` or `opt.verify(result)` does, unless a note says that nothing is compared.",
        )
    proof = f"{proof}, gap to PySD's replay {verification.gap.size:.1e}"
    if found.convex:
        return Verdict(Standing.PROVED, f"No policy is better ({proof}).")
    return Verdict(
        Standing.LOCAL,
        f"No policy near is better ({proof}).{_seen(found)}",
        f"Other starts ({_more(starts)}) look further away.",
    )


def _seen(found: Findings) -> str:
    """What was looked at, in a sentence."""
    looked = found.looked
    if looked is None:
        return ""
    curved = f"least curvature {looked.least_curvature:.2g}" if looked.directions else "no direction is left"
    have, them = ("direction has", "it") if looked.flat_directions == 1 else ("directions have", "them")
    along = f"; {looked.flat_directions} {have} none: to second order, policies along {them} are as good"
    flat = along if looked.flat_directions else ""
    kinks = f" It stands on kinks: {', '.join(looked.kinks)}; no branch is better." if looked.kinks else ""
    return f" Second order: {curved}{flat}.{kinks} {_tried(looked)}"


_WHY = {
    Ending.OPTIMAL: (
        Standing.LIMIT_REACHED,
        f"The solver reached its tolerance, but an optimum has residuals of {TOLERANCE:g} at most",
        "Set a smaller tolerance in [solver].",
    ),
    Ending.TIME_LIMIT: (Standing.LIMIT_REACHED, "The time limit was reached", "Give it more time (--time-limit)."),
    Ending.ITERATION_LIMIT: (
        Standing.LIMIT_REACHED,
        "The limit of iterations was reached",
        "Allow more (iterations in [solver]).",
    ),
    Ending.FAILED: (Standing.FAILED, "The solver failed", "Look at the notes."),
    Ending.INTERRUPTED: (Standing.INTERRUPTED, "It was interrupted", "Start again from this policy or from scratch."),
}
_STALLED = (Standing.STALLED, "No step makes progress", "Try --solver ipopt or other starts, or look for kinks.")


def _stopped(found: Findings) -> Verdict:
    standing, why, advice = _WHY.get(found.ending, _STALLED)
    residual = f"its KKT residual is {found.kkt_residual:.1e}" if found.kkt_residual < 1e300 else "no optimum yet"
    if found.is_feasible:
        return Verdict(standing, f"{why}; this is the best policy so far that keeps all limits, {residual}.", advice)
    text = f"{why}; no policy that keeps all limits was found: this one misses {found.violated}"
    return Verdict(standing, f"{text} by {_part(found.violation)}.", advice)


def _part(size: float) -> str:
    """A relative violation in words."""
    return f"{size:.2%} of its size" if size >= 1e-3 else f"{size:.1e} of its size"
