"""Why a policy brings what it brings: where a gain comes from, what stocks are worth, which loops make the run."""

from __future__ import annotations

from dataclasses import dataclass

from ..plans.assumptions import sentence
from ..results.result import Result
from .costates import Costates, costates
from .loops import LoopScores, loop_scores
from .marginal import Marginals, marginals
from .target import Target, question_of, target_of
from .value import Value, value
from .waterfall import Waterfall, waterfall

WITHOUT, WITH = "without policy", "with policy"


@dataclass(frozen=True, eq=False)
class Explanation:
    """What explains an outcome of a result: its change by decision, what one more of each decision would bring, the
    worth of stocks, the feedback loops, and through which links and loops stocks are worth what they are.

    >>> import optimize as opt, sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> opt.explain(result).loops.searched.startswith("Scored: ")
    True
    """

    result: Result
    waterfall: Waterfall
    marginals: Marginals
    costates: Costates
    loops: LoopScores
    value: Value

    @property
    def target(self) -> Target:
        """What is explained."""
        return self.waterfall.target

    @property
    def notes(self) -> tuple[str, ...]:
        """All that the numbers rest on or leave out."""
        stored = self.result.stored
        changed = f"{', '.join(stored.changed)}: not what was saved (SHA-256)." if stored and stored.changed else ""
        assumed = sentence(self.result.assumptions)
        found = (*self.waterfall.notes, *self.marginals.notes, *self.costates.notes, *self.value.notes)
        notes = (assumed, *dict.fromkeys(found), self.loops.searched, changed)
        return tuple(note for note in notes if note)


def explain(result: Result, outcome: str | None = None) -> Explanation:
    """Why the policy of a result changes the objective, or an outcome: `NAME`, `NAME[element]`, `NAME:2050`,
    `NAME:mean`, a headline as people call it.

    InvalidRequest where there is no policy, where it changes nothing, where it does not move the outcome, and for names
    that are not there.

    >>> import optimize as opt, sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> found = opt.explain(result, "Urban share:2041").waterfall
    >>> parts = found.by("province").to_series()
    >>> round(found.gain, 3), found.target.unit, bool(abs(parts.sum() - found.gain) <= 1e-4 * found.gain)
    (0.207, '%', True)
    """
    question = question_of(result)
    target = target_of(question, outcome)
    runs = {WITHOUT: question.own, WITH: question.decided}
    scores = loop_scores(question.simulator, runs, first=question.horizon.first)
    found = waterfall(question, target)
    margin = marginals(question, target, with_parts=bool(found.by_term))
    worth = costates(question, target)
    return Explanation(result, found, margin, worth, scores, value(question, target, worth))
