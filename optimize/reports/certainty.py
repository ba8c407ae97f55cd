"""How sure a conclusion is: what was shown, by which other solver, what it leans on, and what was not done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..pages.constants import Source
from ..results.result import Result
from ..results.verdict import TOLERANCE, Curvature, Looked
from .assumptions import Leaning
from .blocks import Block, Folded, Listing, Paragraph, Section, Table
from .opening import meaning
from .subject import Subject
from .words import Speaker, column, numeral, percent, typeset, with_unit

MOST_LEANINGS = 10
MOST_NOTES = 20
HALF = 0.5  # of the gain: an assumption that alone moves so much is a warning


def section(subject: Subject, found: Sequence[Leaning] | None, others: Sequence[Result] = ()) -> Section:
    """How sure we are; `others` are results of the same plan, found otherwise.

    `found` is what the gain leans on, None where that was not computed.
    """
    said = subject.speaker
    blocks: list[Block] = [Paragraph(meaning(subject))]
    if subject.shows_gains:
        blocks.append(Listing(tuple(_shown(subject))))
        blocks += [Paragraph(text) for text in _second_solver(subject, others)]
        blocks += _leanings(subject, found)
        blocks += [Paragraph(said.say("not_done")), Listing(tuple(_not_done(subject, others)))]
    notes = subject.result.notes
    if notes:
        told = tuple(subject.speaker.voice.told(note) for note in notes[:MOST_NOTES])
        more = len(notes) - MOST_NOTES
        left = (Paragraph(said.say("rows_left_out", count=more), "hint"),) if more > 0 else ()
        blocks.append(Folded(said.say("notes", count=len(notes)), (Listing(told), *left)))
    return Section("certainty", said.say("heading_certainty"), tuple(blocks))


# --- what was shown ---------------------------------------------------------------------------------------------------


def _shown(subject: Subject) -> Iterator[str]:
    """What certificates and the replay found, a point each."""
    said, result = subject.speaker, subject.result
    found, unit = result.findings, result.objective_unit
    yield said.say(
        "shown_objective",
        value=said.amount(result.objective, unit, digits=6),
        baseline=numeral(result.baseline_objective * said.factor(unit), digits=6),
    )
    if not result.status.is_given:
        told = {"residual": f"{found.kkt_residual:.1e}", "tolerance": f"{TOLERANCE:.0e}"}
        yield said.say("shown_first", **told)
    violation = result.largest_limit_violation
    yield said.say("shown_limits", violation=f"{violation:.1e}") if violation else said.say("shown_limits_none")
    looked = found.looked
    if found.convex:
        yield said.say("shown_convex")
    elif looked is not None:
        yield from _looked(said, looked)
    if result.verification is not None:
        checked = result.verification
        label = (
            "shown_no_agreement" if not checked.passed else "shown_replay" if checked.gap.size else "shown_replay_exact"
        )
        yield said.say(label, gap=f"{checked.gap.size:.1e}")
        yield from (said.say("shown_doubt", doubt=doubt) for doubt in checked.doubts)
    for number, other in enumerate(result.alternatives, start=1):
        share = {"number": number, "value": said.amount(other.objective, unit, digits=6)}
        yield said.say("shown_alternative", distance=percent(other.distance), **share)


def _second_solver(subject: Subject, others: Sequence[Result]) -> Iterator[str]:
    """What other solvers found for the same plan."""
    said, result = subject.speaker, subject.result
    for other in others:
        if is_second_opinion(result, other):
            gap = abs(other.objective - result.objective) / max(abs(result.objective), abs(other.objective), 1e-300)
            verdict = said.voice.standing(other.status.called)
            told = {"solver": other.provenance["solver"], "verdict": verdict, "gap": f"{gap:.1e}"}
            yield said.say("second_solver", value=said.amount(other.objective, other.objective_unit, digits=6), **told)


def is_second_opinion(one: Result, other: Result) -> bool:
    """Whether another solver found a policy for the same plan of the same model."""
    same = all(one.provenance[name] == other.provenance[name] for name in ("model", "files"))
    plans = [result.plan.model_dump(exclude={"solver"}) for result in (one, other)]
    return same and plans[0] == plans[1] and one.provenance["solver"] != other.provenance["solver"] and other.is_policy


def _looked(said: Speaker, looked: Looked) -> Iterator[str]:
    """What was looked at near the policy and far from it."""
    if looked.curvature is Curvature.HOLDS and looked.directions:
        told = {"least": typeset(f"{looked.least_curvature:.2g}"), "directions": f"{looked.directions:,}"}
        yield said.say("shown_second", **told)
    elif looked.curvature is Curvature.HOLDS:
        yield said.say("shown_corner")
    if looked.flat_directions:
        yield said.say("shown_flat", count=f"{looked.flat_directions:,}")
    if looked.kinks:
        yield said.say("shown_kinks", count=len(looked.kinks), names=said.listed(looked.kinks[:3]))
    if looked.is_only:
        yield said.say("shown_only")
    elif looked.probes:
        yield said.say("shown_probes" if looked.better <= 0 else "shown_better", count=f"{looked.probes:,}")


# --- what it leans on -------------------------------------------------------------------------------------------------


def _leanings(subject: Subject, found: Sequence[Leaning] | None) -> Iterator[Block]:
    said, gain = subject.speaker, subject.result.objective - subject.result.baseline_objective
    if found is None:
        yield Paragraph(said.say("leanings_not" if subject.system is not None else "leanings_missing"))
        return
    shown = [one for one in found[:MOST_LEANINGS] if abs(one.gain) > TOLERANCE * abs(gain)]
    if not shown or not gain:
        yield Paragraph(said.say("leanings_none"))
        return
    heads = ("head_assumption", "head_range", "head_source", "head_value_now", "head_gain_moves")
    rows = tuple(_leaning(subject, one, gain) for one in shown)
    yield Table(said.say("leanings_caption"), tuple(map(said.say, heads)), rows, 2)
    large = [one for one in shown if abs(one.gain) > HALF * abs(gain)]
    label = "leanings_large" if large else "leanings_small"
    yield Paragraph(said.say(label, count=len(large), share=percent(max(abs(one.gain) for one in shown) / abs(gain))))
    if any(one.constant.source is Source.ASSUMED for one in shown):
        yield Paragraph(said.say("leanings_assumed"), "hint")


def _leaning(subject: Subject, one: Leaning, gain: float) -> tuple[str, ...]:
    said, constant = subject.speaker, one.constant
    factor = said.factor(constant.unit)
    low, high, value = column([factor * one for one in (constant.low, constant.high, constant.value)])
    unit = said.unit(constant.unit)
    span = said.say("span", first=low, last=high) + with_unit("", unit)
    moved = percent(one.gain / gain, signed=True)
    return said.name(constant.label), span, said.say(f"source_{constant.source}"), value, moved


# --- what was not done ------------------------------------------------------------------------------------------------


def _not_done(subject: Subject, others: Sequence[Result]) -> Iterator[str]:
    said, result = subject.speaker, subject.result
    if result.verification is None:
        yield said.say("undone_replay")
    if not result.findings.is_global:
        if result.plan.solver.starts < 2:
            yield said.say("undone_starts")
        looked = result.findings.looked
        if looked is None or looked.curvature is Curvature.UNKNOWN or not np.isfinite(result.findings.kkt_residual):
            yield said.say("undone_curvature")
    if not any(is_second_opinion(result, other) for other in others):
        yield said.say("undone_solver")
    yield said.say("undone_ranges")
    yield said.say("undone_model")
