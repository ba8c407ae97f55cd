"""How far prices hold: what stands in `worth.json` beside a result, of its plan solved anew with more of a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..explanation.price_range import HOLDS, PriceRange, Step, foreign_worth, read_worth
from ..results.gains import Outcome
from ..results.verdict import Standing
from ..results.worth import PRICED, amount_words
from .blocks import Block, Folded, Listing, Paragraph, Table
from .subject import Subject
from .words import NONE, Speaker, column, numeral, percent


def blocks(subject: Subject) -> Iterator[Block]:
    """How far each price holds of which somebody asked that; what is about another policy is left out, and said to be.

    InvalidRequest for a file that holds something else.
    """
    said, result = subject.speaker, subject.result
    if result.folder is None or result.status.standing not in PRICED:
        return
    names = {limit.name for limit in result.plan.limits}
    kept = read_worth(result.folder)
    found = [one for one in kept if one.limit in names]
    if found:
        yield _table(subject, found)
        yield Listing(tuple(_verdict(subject, one) for one in found))
    outcomes = [table for one in found if (table := _outcomes(subject, one)).rows]
    if outcomes:
        yield Folded(said.say("holds_outcomes"), tuple(outcomes))
    left = len(foreign_worth(result.folder)) + len(kept) - len(found)
    if left:
        yield Paragraph(said.say("holds_foreign", count=left), "hint")


def change(said: Speaker, amount: float, unit: str) -> str:
    """An amount of a limit that helps: more allowed of what has a ceiling, less asked for of what has a floor."""
    told = amount_words(abs(amount), unit) if said.language == "en" else said.amount(abs(amount), unit)
    return said.say("more_of" if amount > 0 else "less_of", amount=told)


def _change(subject: Subject, found: PriceRange, times: int) -> str:
    return change(subject.speaker, times * found.amount, found.unit)


def _table(subject: Subject, ranges: Sequence[PriceRange]) -> Table:
    """A row for each solve: how much more of which limit, what the price promised and what came of it."""
    said, unit = subject.speaker, subject.speaker.unit(subject.result.objective_unit)
    lines = [(one, step) for one in ranges for step in one.steps]
    factor = said.factor(subject.result.objective_unit)
    numbers = column([factor * value for _, step in lines for value in (step.promised, step.gain)])
    rows = tuple(
        (
            said.name(one.limit) if step is one.steps[0] else "",
            _part(subject, one, step),
            promised,
            *((NONE, _uncertain(said, step)) if step.left is None else (gain, percent(step.left))),
        )
        for (one, step), promised, gain in zip(lines, numbers[::2], numbers[1::2], strict=True)
    )
    goals = [said.say("in_unit", what=said.say(head), unit=unit) for head in ("head_promised", "head_brought")]
    if not unit:
        goals = [said.say(head) for head in ("head_promised", "head_brought")]
    heads = (said.say("head_limit"), said.say("head_change_all"), *goals, said.say("head_left"))
    return Table(said.say("holds_caption"), heads, rows, 3)


def _part(subject: Subject, found: PriceRange, step: Step) -> str:
    """How much more, and how much of the limit that is."""
    told = _change(subject, found, step.times)
    if found.part is None:
        return told
    return subject.speaker.say("in_brackets", name=told, inside=percent(step.times * found.part))


def _uncertain(said: Speaker, step: Step) -> str:
    """What the numbers of a solve are that is no certified optimum: nothing."""
    known = step.standing in frozenset(Standing)
    return said.say("holds_uncertain", verdict=said.voice.standing(step.standing) if known else step.standing)


def _verdict(subject: Subject, found: PriceRange) -> str:
    """Whether a price holds, or after how much more half of it is gone."""
    said = subject.speaker
    limit = said.name(found.limit)
    known = [(step.times, step.left) for step in found.steps if step.left is not None]
    if not known or len(known) < len(found.steps):
        return said.say("holds_unknown", limit=limit)
    half = next((times for times, left in known if left <= 0.5), None)
    if half is not None:
        return said.say("holds_half", limit=limit, change=_change(subject, found, half))
    times, left = known[-1]
    share, told = percent(left), _change(subject, found, times)
    return said.say("holds_still" if left >= HOLDS else "holds_falls", limit=limit, share=share, change=told)


def _outcomes(subject: Subject, found: PriceRange) -> Table:
    """What headline outcomes gain at the end, a column for each solve that is a certified optimum."""
    said = subject.speaker
    steps = [step for step in found.steps if step.left is not None]
    told = [one for one in subject.outcomes if not one.headline.by and steps and _is_in(one, steps)]
    rows = tuple(
        (
            said.headline(one.headline),
            said.people_unit(one.headline.unit),
            numeral(float(one.policy[-1]), digits=4),
            *column([step.outcomes[one.headline.english] for step in steps], signed=True),
        )
        for one in told
    )
    heads = (said.say("head_outcome"), said.say("head_unit"), said.say("with_policy"))
    changes = tuple(_change(subject, found, step.times) for step in steps)
    caption = said.say("holds_outcomes_of", limit=said.name(found.limit), when=said.the_moment(said.voice.end))
    return Table(caption, (*heads, *changes), rows, 1 + len(changes))


def _is_in(outcome: Outcome, steps: Sequence[Step]) -> bool:
    return all(outcome.headline.english in step.outcomes for step in steps)
