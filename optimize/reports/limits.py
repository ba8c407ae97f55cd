"""Which limits are reached, what a little more of each would bring, and about which nobody needs to argue."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..plans.kinds import RowKind
from ..results.prices import kind_of
from ..results.verdict import TOLERANCE
from ..results.verdict import reached as is_reached
from ..results.violations import Violation
from ..results.worth import PRICED, Worth, share_words, unit_of_amount, unpriced, worths
from . import holding
from .blocks import Block, Folded, Listing, Paragraph, Section, Table
from .subject import Subject
from .words import NONE, column, numeral, percent, typeset

MOST_ROWS = 30
MANY = 10.0  # times all that the policy brings: no small change, whatever it is


def section(subject: Subject) -> Section:
    """What limits cost."""
    said, result = subject.speaker, subject.result
    found = worths(result)
    own = [one for one in found if one.kind is RowKind.LIMIT]
    others = [one for one in found if one.kind is not RowKind.LIMIT]
    blocks: list[Block] = []
    if result.status.standing not in PRICED:
        blocks.append(Paragraph(said.say("limits_unpriced")))
    elif own:
        blocks += [Paragraph(said.say("limits_intro"), "hint"), _worth_table(subject, own)]
    elif not result.plan.limits:
        blocks.append(Paragraph(said.say("limits_none")))
    blocks += _without_price(subject, own)
    blocks += holding.blocks(subject)
    blocks.append(Folded(said.say("limits_all"), tuple(_standing_tables(subject))))
    if others:
        blocks.append(Folded(said.say("limits_levers"), (_worth_table(subject, others),)))
    return Section("limits", said.say("heading_limits"), tuple(blocks))


def _without_price(subject: Subject, own: Sequence[Worth]) -> Iterator[Block]:
    """About which limits nobody needs to argue, and which may cost when they are tighter."""
    said = subject.speaker
    if subject.result.status.standing not in PRICED:
        return
    labels = ("limits_free", "limits_touched", "limits_slight")
    for label, names in zip(labels, unpriced(subject.result, {one.limit for one in own}), strict=True):
        if names:
            yield Paragraph(said.say(label, names=said.both([said.inner(name) for name in names])))


def missed(subject: Subject) -> tuple[Block, ...]:
    """Where there is no policy: limits that contradict each other, and by how much they are missed at best."""
    said, result = subject.speaker, subject.result
    blocks: list[Block] = []
    if result.conflict:
        blocks += [Paragraph(said.say("conflict")), Listing(tuple(map(said.voice.told, result.conflict)))]
    rows = [_row(subject, item) for item in result.violations if item.size > TOLERANCE]
    if rows:
        blocks.append(Table(said.say("missed_caption"), _headers(subject), tuple(rows[:MOST_ROWS]), 2))
    if result.findings.failure:
        blocks.append(Paragraph(said.voice.told(result.findings.failure)))
    return tuple(blocks)


# --- what they are worth ----------------------------------------------------------------------------------------------


def _worth_table(subject: Subject, found: Sequence[Worth]) -> Table:
    """A row for each limit: what a hundredth of it everywhere would bring, and where, when and how much brings most."""
    said, result = subject.speaker, subject.result
    unit = said.unit(result.objective_unit)
    shown = found[:MOST_ROWS]
    gains = [numeral(one.gain * said.factor(result.objective_unit)) for one in shown]  # of any size: none is 0
    rows = tuple(
        (
            said.name(one.limit),
            _small_share(subject, one.everywhere),
            _place(subject, one),
            _change(subject, one),
            gain,
            _small_share(subject, one.gain),
        )
        for one, gain in zip(shown, gains, strict=True)
    )
    goal = said.say("head_objective", unit=unit) if unit else said.say("head_objective_pure")
    heads = [said.say(head) for head in ("head_limit", "head_everywhere", "head_dearest", "head_change_of")]
    return Table(said.say("worth_caption"), (*heads, goal, said.say("head_of_gain")), rows, 2)


def _place(subject: Subject, one: Worth) -> str:
    """Where and when a limit is dearest."""
    said = subject.speaker
    inside = one.place.removeprefix(one.limit)
    return said.paused((said.inside(inside), said.moment(one.time)))


def _change(subject: Subject, one: Worth) -> str:
    """The amount that helps: more allowed of what has a ceiling, less asked for of what has a floor."""
    unit = unit_of_amount(subject.result.shadow_prices[one.limit], subject.result.time_unit)
    return holding.change(subject.speaker, one.amount, unit)


def _small_share(subject: Subject, gain: float) -> str:
    """The same where it is no more than next to nothing, but something."""
    told = _share(subject, gain)
    if told != percent(0.0) or not gain:
        return told
    return typeset(share_words(gain / abs(subject.result.objective - subject.result.baseline_objective)))


def _share(subject: Subject, gain: float) -> str:
    """A gain as a part of all that the policy brings."""
    brought = abs(subject.result.objective - subject.result.baseline_objective)
    is_some = brought > TOLERANCE * abs(subject.result.objective) and gain < MANY * brought
    return percent(gain / brought) if is_some else NONE


def dearest(subject: Subject) -> str:
    """Which limit is worth most, in a clause; nothing where none is worth anything."""
    own = [one for one in worths(subject.result) if one.kind is RowKind.LIMIT]
    share = _share(subject, own[0].everywhere or own[0].gain) if own else NONE
    if share in (NONE, percent(0.0)):
        return ""
    said, one = subject.speaker, own[0]
    name = said.inner(one.limit)
    if one.places > 1 and one.everywhere > 0 and not math.isnan(one.part):
        way = said.say("more_of" if one.amount > 0 else "less_of", amount="1%")
        return said.say("dearest_everywhere", limit=name, change=way, share=share)
    return said.say("dearest", limit=name, change=_change(subject, one), when=said.at(one.time), share=share)


# --- how they stand ---------------------------------------------------------------------------------------------------


def reached(subject: Subject) -> tuple[str, ...]:
    """The plan's limits that are reached somewhere, by the names that people give them."""
    names = _plan_names(subject)
    return tuple(
        subject.speaker.inner(item.limit)
        for item in subject.result.violations
        if item.limit in names and is_reached(item)
    )


def _plan_names(subject: Subject) -> frozenset[str]:
    """The names of the plan's own limits among all that were checked."""
    prices = subject.result.shadow_prices
    return frozenset(name for name, price in prices.items() if kind_of(price) is RowKind.LIMIT)


def _headers(subject: Subject) -> tuple[str, ...]:
    return tuple(
        subject.speaker.say(f"head_{name}") for name in ("limit", "state", "nearest_when", "value", "limit_amount")
    )


def _standing_tables(subject: Subject) -> Iterator[Block]:
    said, names = subject.speaker, _plan_names(subject)
    own = [item for item in subject.result.violations if item.limit in names]
    levers = [item for item in subject.result.violations if item.limit not in names]
    for caption, items in (("limits_caption", own), ("bounds_caption", levers)):
        if items:
            rows = tuple(_row(subject, item) for item in items[:MOST_ROWS])
            yield Table(said.say(caption), _headers(subject), rows, 2)
        if len(items) > MOST_ROWS:
            yield Paragraph(said.say("rows_left_out", count=len(items) - MOST_ROWS), "hint")


def _row(subject: Subject, item: Violation) -> tuple[str, ...]:
    said = subject.speaker
    if item.size > TOLERANCE:
        state = said.say("missed_by", size=percent(item.size))
    else:
        state = said.voice.say("reached" if is_reached(item) else "kept")
    value = item.amount if is_reached(item) and not item.amount else item.value  # no dust beside a limit of zero
    return said.name(item.place), state, said.moment(item.time), *column([value, item.amount], digits=4)
