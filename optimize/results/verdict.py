"""What a result is worth, in one word, one sentence and one piece of advice, and what that rests on.

Nothing is called optimal unless the scaled KKT residual is at most 1e-6, every limit holds to 1e-6 in the simulated
run, and PySD's own run of the untouched file agrees to 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ..runs.comparison import Gap
from ..solvers.solver import Ending
from .bounded import Proof, percent
from .violations import Violation, largest
from .voice import COMMA, LANGUAGE, Voice

TOLERANCE = 1e-6
# A limit counts as reached within this part of what the levers can move.
REACHED = 1e-4


class Standing(StrEnum):
    """What a result is."""

    PROVED = "proved optimum"
    BOUNDED = "proved within a gap"
    LOCAL = "local optimum"
    UNVERIFIED = "local optimum, not replayed yet"
    REFUTED = "refuted"
    INFEASIBLE = "infeasible"
    STATIONARY = "stationary point"
    NO_GRADIENT = "no gradient"
    UNBOUNDED = "unbounded"
    LIMIT_REACHED = "best found, limit reached"
    INTERRUPTED = "best found, interrupted"
    STALLED = "best found, stalled"
    FAILED = "failed"


NEARBY = (Standing.LOCAL, Standing.STATIONARY, Standing.NO_GRADIENT)  # what is known near a policy alone
NO_POLICY = (Standing.REFUTED, Standing.INFEASIBLE, Standing.UNBOUNDED, Standing.FAILED)
# What folders of earlier versions call a standing.
CALLED_BEFORE = {"optimum, not replayed yet": Standing.UNVERIFIED}
GIVEN = "given"  # how people are told of the only policy that a plan leaves: nobody chose it


@dataclass(frozen=True, slots=True)
class Verdict:
    """A result's standing, with a sentence that says why and advice on what to do now.

    `is_given` where the plan leaves nothing to decide: its policy is the best of one, which nobody is told as praise.
    """

    standing: Standing
    sentence: str
    advice: str = ""
    is_given: bool = False

    def __str__(self) -> str:
        return self.told(Voice())

    def told(self, voice: Voice) -> str:
        """Standing, sentence and advice, where the verdict was spoken by this voice."""
        standing = voice.standing(self.called)
        return voice.joined(f"{standing[:1].upper()}{standing[1:]}{voice.say('period')}", self.sentence, self.advice)

    @property
    def called(self) -> str:
        """Under what a voice has the words for it: its standing, or that the policy is given."""
        return GIVEN if self.is_given else str(self.standing)

    @property
    def word(self) -> str:
        """What it is, as people are told in English; `standing` is what programs read."""
        return Voice().standing(self.called)

    @property
    def is_policy(self) -> bool:
        """Whether what was found is a policy: one that keeps all limits, and not merely where a search began."""
        return self.standing not in NO_POLICY

    @property
    def is_optimal(self) -> bool:
        """Whether the promise of an optimum is kept in all its parts."""
        return self.standing in (Standing.PROVED, Standing.BOUNDED, Standing.LOCAL)


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
    is `better` by so much, 0 if none is. `worth` is what all levers in their sizes are worth there. `promised`
    is the gain that the second derivative still promises along a direction in which levers move together, 0 if none
    that counts. `idle` levers move nothing there; `is_idle` if none does. `is_only` where bounds and limits leave no
    other policy to try.
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
    is_only: bool = False
    promised: float = 0.0


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
    def is_global(self) -> bool:
        """Whether an optimum is the best of all policies by the structure of the problem alone."""
        return self.convex or self.is_only

    @property
    def is_only(self) -> bool:
        """Whether the plan leaves nothing to decide."""
        return self.looked is not None and self.looked.is_only

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
        return self.said(Voice())

    def said(self, voice: Voice) -> str:
        """The same in the language of a voice."""
        size, told = self.gap.size, list[str]()
        gap = [f"{size:.1e}"]
        if self.doubts:
            told.append(voice.say("doubts", doubts="; ".join(map(voice.told, self.doubts))))
        if size:
            gap.append(voice.say("replay_place", variable=self.gap.variable, time=f"{self.gap.time:g}"))
        agrees = "replay_agrees" if size <= TOLERANCE else "replay_differs"
        violation = f"{self.largest_limit_violation:.1e}"
        return voice.joined(*told, voice.say(agrees, gap=voice.joined(*gap), violation=violation))


def judge(
    found: Findings,
    verification: Verification | None = None,
    starts: int = 1,
    voice: Voice | None = None,
    proof: Proof | None = None,
) -> Verdict:
    """The verdict on a result, before or after its replay in PySD, of a search from so many starts.

    `voice` says it in its language, English by default. `proof` is how near it is to a global bound, if there is one.
    """
    voice = voice or Voice()
    verdict = _Judge(found, verification, starts, voice).verdict()
    if proof is None or not verdict.is_policy or not found.is_feasible or verdict.is_given:
        return verdict
    return _with_proof(verdict, proof, voice, is_replayed=verification is not None)


def _with_proof(verdict: Verdict, proof: Proof, voice: Voice, *, is_replayed: bool) -> Verdict:
    """The verdict with what a bound proves: it takes the place of what is known nearby where it is near enough."""
    told = voice.say("bounded", share=percent(proof.share), value=f"{proof.value:.7g}", by=proof.by)
    text = voice.joined(verdict.sentence, told)
    if is_replayed and proof.is_near and verdict.standing in NEARBY:
        return Verdict(Standing.BOUNDED, text)
    return replace(verdict, sentence=text)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Says what was found."""

    found: Findings
    verification: Verification | None
    starts: int
    voice: Voice

    def verdict(self) -> Verdict:
        """First what makes it none."""
        found, verification = self._with_replay(), self.verification
        if verification is not None and not verification.passed:
            advice = "advice_again" if verification.doubts else "advice_report"
            return self._verdict(Standing.REFUTED, verification.said(self.voice), advice)
        if found.ending is Ending.FAILED and found.violation == math.inf:
            return self._verdict(Standing.FAILED, self._failure() or self._say("no_run"), "advice_notes")
        if found.ending is Ending.INFEASIBLE and found.failure:
            return self._verdict(Standing.INFEASIBLE, self._failure(), "advice_unmoved")
        if found.ending is Ending.INFEASIBLE and not found.is_feasible:
            return self._verdict(Standing.INFEASIBLE, self._missing("conflict", found), "advice_conflict")
        if found.ending is Ending.UNBOUNDED:
            text = self._say("unbounded", levers=self._failure())
            return self._verdict(Standing.UNBOUNDED, text, "advice_unbounded")
        if found.kkt_residual <= TOLERANCE and found.is_feasible:
            return self._doubted() or self._optimum()
        return self._stopped(found)

    def _say(self, key: str, **values: object) -> str:
        return self.voice.say(key, **values)

    def _verdict(self, standing: Standing, sentence: str, advice: str = "", **values: object) -> Verdict:
        return Verdict(standing, sentence, self._say(advice, **values) if advice else "")

    def _failure(self) -> str:
        """Why there is no policy, as it was kept."""
        return self._place(self.found.failure)

    def _with_replay(self) -> Findings:
        """What was found, with what PySD's run misses where that is more."""
        found, verification = self.found, self.verification
        if verification is not None and verification.largest_limit_violation > max(found.violation, TOLERANCE):
            worst = max(verification.violations, key=lambda item: item.size)
            found = replace(
                found, violation=worst.size, violated=self._say("in_replay", place=self._place(worst.place))
            )
        return found

    def _place(self, place: str) -> str:
        """A limit, or what else was kept, as the plan calls it; in another language than its own as people call it."""
        return place if self.voice.language == LANGUAGE else self.voice.told_name(place)

    def _missing(self, key: str, found: Findings, **values: object) -> str:
        size = found.violation
        part = self._say("part", size=size_words(size))
        return self._say(key, limit=self._place(found.violated), part=part, **values)

    def _more(self, usual: int = 5) -> int:
        """More starts than there were."""
        return max(usual, 2 * self.starts)

    def _doubted(self) -> Verdict | None:
        """The verdict on a point where first order holds and something else does not; None where all does."""
        found, looked = self.found, self.found.looked
        if found.is_global:
            return None
        first = self._say("first_order", residual=f"{found.kkt_residual:.1e}")
        if looked is None:
            return self._verdict(Standing.STATIONARY, self._say("not_looked", first=first), "advice_to_end")
        if looked.is_idle:
            levers, flat = self._listed(looked.idle), ""
            if looked.kinks:
                flat = self._say("flat", kinks=self._listed(looked.kinks))
            text = self._say("idle", levers=levers, flat=flat)
            text = self.voice.joined(text, self._tried(looked))
            return self._verdict(Standing.NO_GRADIENT, text, "advice_elsewhere", starts=self._more(20))
        if looked.better > 0.0:
            text = self._say("better_near", first=first, better=f"{looked.better:.3g}")
            return self._verdict(Standing.STATIONARY, text, "advice_time_or_starts", starts=self._more())
        if looked.curvature is Curvature.NEGATIVE:
            text = self._say("curved_up", first=first, curvature=f"{looked.least_curvature:.2g}")
            return self._verdict(Standing.STATIONARY, text, "advice_starts", starts=self._more())
        if looked.curvature is Curvature.UNKNOWN:
            return self._verdict(Standing.STATIONARY, self._say("curvature_unknown", first=first), "advice_ipopt")
        return None

    def _listed(self, texts: Sequence[str]) -> str:
        """Kept texts, one after the other."""
        return COMMA[self.voice.language].join(map(self._place, texts))

    def _tried(self, looked: Looked) -> str:
        if looked.is_only:
            return self._say("only_policy")
        return self._say("tried", probes=looked.probes) if looked.probes else self._say("none_tried")

    def _optimum(self) -> Verdict:
        found, verification = self.found, self.verification
        if found.is_only:
            return self._given()
        proof = self._say("proof", residual=f"{found.kkt_residual:.1e}", violation=f"{found.violation:.1e}")
        if verification is None:
            text = self.voice.joined(self._say("best_unverified", proof=proof), *self._seen())
            return self._verdict(Standing.UNVERIFIED, text, "advice_verify")
        proof = self._say("proof_replayed", proof=proof, gap=f"{verification.gap.size:.1e}")
        if found.is_global:
            return self._verdict(Standing.PROVED, self._say("best_proved", proof=proof))
        text = self.voice.joined(self._say("best_local", proof=proof), *self._seen())
        return self._verdict(Standing.LOCAL, text, "advice_further", starts=self._more())

    def _given(self) -> Verdict:
        """The only policy that the plan leaves."""
        told = {"violation": f"{self.found.violation:.1e}"}
        if self.verification is None:
            return Verdict(Standing.UNVERIFIED, self._say("given", **told), self._say("advice_verify"), is_given=True)
        gap = f"{self.verification.gap.size:.1e}"
        return Verdict(Standing.PROVED, self._say("given_replayed", gap=gap, **told), is_given=True)

    def _seen(self) -> Iterator[str]:
        """What was looked at, in sentences."""
        looked = self.found.looked
        if looked is None:
            return
        curved = self._say("no_direction")
        if looked.directions:
            curved = self._say("least_curvature", curvature=f"{looked.least_curvature:.2g}")
        count = looked.flat_directions
        flat = self._say("flat_one" if count == 1 else "flat_many", count=count) if count else ""
        yield self._say("seen", curved=curved, flat=flat)
        if looked.kinks:
            yield self._say("on_kinks", kinks=self._listed(looked.kinks))
        yield self._tried(looked)

    def _stopped(self, found: Findings) -> Verdict:
        standing, why, advice = _WHY.get(found.ending, _STALLED)
        told = self._say(why, tolerance=f"{TOLERANCE:g}")
        if not found.is_feasible:
            return self._verdict(standing, self._missing("none_so_far", found, why=told), advice)
        residual = self._say("no_optimum")
        if found.kkt_residual < 1e300:
            residual = self._say("its_residual", residual=f"{found.kkt_residual:.1e}")
        if found.looked is not None and found.looked.promised > 0.0:
            residual = self._say("promised", residual=residual, gain=f"{found.looked.promised:.3g}")
        where = "ended_where" if standing in NO_POLICY else "best_so_far"
        return self._verdict(standing, self._say(where, why=told, residual=residual), advice)


_WHY = {
    Ending.OPTIMAL: (Standing.LIMIT_REACHED, "why_optimal", "advice_tolerance"),
    Ending.TIME_LIMIT: (Standing.LIMIT_REACHED, "why_time", "advice_more_time"),
    Ending.ITERATION_LIMIT: (Standing.LIMIT_REACHED, "why_iterations", "advice_iterations"),
    Ending.FAILED: (Standing.FAILED, "why_failed", "advice_notes"),
    Ending.INTERRUPTED: (Standing.INTERRUPTED, "why_interrupted", "advice_restart"),
}
_STALLED = (Standing.STALLED, "why_stalled", "advice_stalled")


def reached(item: Violation) -> bool:
    """Whether a limit holds and leaves no room."""
    return item.size <= TOLERANCE and item.room <= REACHED


def size_words(size: float) -> str:
    """A part of a limit's size: in per cent, where that has figures to tell.

    >>> size_words(0.98784), size_words(0.00002)
    ('98.78%', '2.0e-05')
    """
    return f"{size:.2%}" if size >= 1e-3 else f"{size:.1e}"
