"""What stands first: the title, the verdict, and three sentences with numbers.

What is recommended; what people gain, and who loses when; how sure that is and what binds. A sentence whose number
would be nothing is left out, and where there is no policy to speak of the verdict alone is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from ..plans.assumptions import Assumption
from ..results.gains import Extreme, Outcome, Sides, is_worse, unjudged
from ..results.moments import is_in_years
from ..results.verdict import TOLERANCE, Standing, Verdict
from ..results.worth import PRICED
from .limits import dearest, reached
from .subject import Subject
from .words import DUST, Speaker, column, numeral, percent, with_unit

MOST_PARTS = 2  # of a lever that the first sentence names
MOST_LEVERS = 3
MOST_GAINS = 2  # outcomes beside the first
MOST_LOSSES = 2
MOST_ASSUMED = 4
MANY = 10.0  # times what was: no per cent say that
MOST_NAMES = 3  # of limits that are reached
SMALL = 0.01  # of the whole: a part that is not named


def title(subject: Subject) -> str:
    """The heading of the report: what it is, and of which model; without a policy the verdict."""
    said, model = subject.speaker, subject.speaker.title(str(subject.result.provenance["model"]))
    if subject.recommends:
        return said.say(_titled(subject.result.status), model=model)
    return said.say("title_without", model=model, verdict=standing(subject))


def _titled(verdict: Verdict) -> str:
    """What a policy is to whom it is reported."""
    if verdict.is_given:
        return "title_given"
    return "title" if verdict.standing in PRICED else "title_best"


def about(subject: Subject, today: str) -> Iterator[str]:
    """Plan, horizon, data and date, a short line each."""
    result, say = subject.result, subject.speaker.say
    known = result.provenance
    yield say("about_plan", plan=Path(str(known["plan"])).name or say("unnamed"))
    said = subject.speaker
    span = {"first": said.moment(result.plan.horizon[0]), "end": said.the_moment(said.voice.end)}
    unit = "" if is_in_years(result.time_unit) else said.unit(result.time_unit)
    yield said.paused((say("about_horizon", **span), unit))
    if known.get("regions_path"):
        yield say("about_regions", regions=Path(str(known["regions_path"])).name)
    yield from (_assumed(said, one) for one in result.assumptions[:MOST_ASSUMED])
    if len(result.assumptions) > MOST_ASSUMED:
        yield say("more_assumed", count=len(result.assumptions) - MOST_ASSUMED)
    yield say("about_date", date=today)


def _assumed(said: Speaker, one: Assumption) -> str:
    """A constant that the plan takes otherwise than the model."""
    factor, unit = said.factor(one.unit), said.unit(one.unit)
    value, least, most = column([factor * number for number in (one.value, one.least, one.most)])
    own = least if one.least == one.most else said.say("span", first=least, last=most)
    return said.say("about_assumed", name=said.name(one.name), value=with_unit(value, unit), own=own)


def standing(subject: Subject) -> str:
    """The verdict in a word or two."""
    return subject.speaker.voice.standing(subject.result.status.called)


def meaning(subject: Subject) -> str:
    """The verdict and what it means, in a sentence."""
    return subject.speaker.voice.meaning(subject.result.status.called)


def warning(subject: Subject) -> str:
    """The line above all others: that there is no policy, that the search did not end, that files were changed."""
    result, say = subject.result, subject.speaker.say
    told = []
    if not subject.shows_gains:
        told += [meaning(subject), say("no_gains")]
    elif not result.status.is_optimal:
        told.append(meaning(subject))
    if subject.shows_gains and is_worse(result):
        told.append(subject.speaker.voice.say("worse_than_without"))
    if result.stored is not None and result.stored.changed:
        told.append(say("changed_files", files=subject.speaker.listed(result.stored.changed)))
    return subject.speaker.joined(told)


def sentences(subject: Subject) -> tuple[str, ...]:
    """The three sentences; none where there is no policy, and how sure it is alone where nothing is recommended."""
    if not subject.shows_gains:
        return ()
    if not subject.recommends:
        return (sure(subject),)
    found = (recommended(subject), gained(subject), sure(subject))
    return tuple(sentence for sentence in found if sentence)


# --- what is recommended ----------------------------------------------------------------------------------------------


def recommended(subject: Subject) -> str:
    """What is to be done: how much of each lever, where most of it goes."""
    changed = [name for name in subject.levers if subject.changes(name)]
    said = subject.speaker
    if not changed:
        return said.say("recommend_nothing")
    parts = [_lever(subject, name) for name in changed[:MOST_LEVERS]]
    if len(changed) > MOST_LEVERS:
        parts.append(said.voice.say("more", count=len(changed) - MOST_LEVERS))
    return capital(said.say("recommend", parts=said.parted(parts)))


def _lever(subject: Subject, lever: str) -> str:
    return _total(subject, lever) if subject.is_amount(lever) else _level(subject, lever)


def _total(subject: Subject, lever: str) -> str:
    """How much of a lever in all, what most of it is for and where it goes."""
    said, amounts = subject.speaker, subject.values(lever)
    whole = float(amounts.sum())
    span = {"first": said.moment(subject.result.plan.horizon[0]), "end": said.the_moment(said.voice.end)}
    if not abs(amounts).max() > 0:
        return said.say("recommend_none", lever=said.name(lever), **span)
    amount = said.measured(whole, subject.values_unit(lever))
    text = said.say("recommend_total", amount=amount, lever=said.name(lever), **span)
    telling, region = subject.telling(lever), subject.region(lever)
    purpose = _mostly(subject, amounts, telling, "mostly_for") if telling and telling != region else ""
    place = _mostly(subject, amounts, region, "mostly_to") if region else ""
    return said.parted([said.paused((text, purpose)), *([place] if place else [])])


def _mostly(subject: Subject, amounts: xr.DataArray, dimension: str, label: str) -> str:
    """The largest parts along a dimension, in its named groups where it has such; nothing of amounts of both signs."""
    said, sums = subject.speaker, amounts.sum([d for d in amounts.dims if d != dimension])
    whole = float(sums.sum())
    if sums.sizes[dimension] < 2 or float(sums.min()) < 0 or not whole > 0:
        return ""
    values = {str(e): float(v) for e, v in zip(sums[dimension].to_numpy(), sums.to_numpy(), strict=True)}
    groups = subject.result.groups.get(dimension, {})
    if groups:
        values = {group: sum(values[e] for e in members if e in values) for group, members in groups.items()}
    largest = sorted(values.items(), key=lambda item: -item[1])[:MOST_PARTS]
    call = said.inner if groups else said.name
    told = [
        said.say("share_of", name=call(name), share=percent(value / whole))
        for name, value in largest
        if value >= SMALL * whole
    ]
    return said.say(label, names=said.both(told), dimension=said.inner(dimension)) if told else ""


def _level(subject: Subject, lever: str) -> str:
    """How high a lever is that is no amount: its mean over time, and from where to where it goes."""
    said, path, unit = subject.speaker, subject.path(lever), subject.unit(lever)
    dims = [d for d in path.dims if d != "time"]
    path = path.where(abs(path) > DUST * _scale(subject, lever), 0.0)
    mean = path.mean("time")
    text = said.say("recommend_level", lever=said.name(lever), amount=with_unit(numeral(float(mean.mean())), unit))
    if dims and mean.size > 1:
        low, high = (_place(subject, mean, how) for how in ("argmin", "argmax"))
        is_even = np.isclose(float(mean.max()), float(mean.min()), rtol=TOLERANCE)
        return said.paused((text, "" if is_even else said.say("level_across", low=low, high=high)))
    first, last = (float(path.isel(time=at).mean()) for at in (0, -1))
    if np.isclose(first, last, rtol=TOLERANCE):
        return text
    ends = {"low": with_unit(numeral(first), unit), "high": with_unit(numeral(last), unit)}
    return said.paused((text, said.say("level_along", **ends)))


def _scale(subject: Subject, lever: str) -> float:
    """The largest value of a lever, with the policy and without."""
    own = subject.result.baseline.get(lever)
    both = (subject.path(lever), *(() if own is None else (own,)))
    return max(float(np.nanmax(np.abs(values.to_numpy()), initial=0.0)) for values in both)


def _place(subject: Subject, values: xr.DataArray, how: str) -> str:
    said = subject.speaker
    at = np.unravel_index(int(getattr(values.to_numpy(), how)()), values.shape)
    names = [said.name(str(values[d].to_numpy()[k])) for d, k in zip(values.dims, at, strict=True)]
    return said.say("in_brackets", name=numeral(float(values.to_numpy()[at])), inside=said.listed(names))


# --- what it brings ---------------------------------------------------------------------------------------------------


def gained(subject: Subject) -> str:
    """What people have more and less of at the end, and who loses when."""
    said, whole = subject.speaker, [one for one in subject.outcomes if not one.headline.by]
    moved = [one for one in whole or subject.outcomes if _is_moved(one)]
    if not moved:
        return said.say("gain_nothing") if subject.outcomes else ""
    sides = {one.outcome.headline.variable: one for one in subject.sides}
    better = [one for one in moved if (side := sides.get(one.headline.variable)) and side.gaining_at_end]
    shown = (better or moved)[: 1 + MOST_GAINS]
    when = capital(said.at(said.voice.end))
    told = [said.say("gain_first", when=when, change=_change(said, shown[0]))]
    told += [_change(said, one) for one in shown[1:]]
    return said.joined((said.say("sentence", text=said.parted(told)), lost(subject)))


def _is_moved(outcome: Outcome) -> bool:
    last = abs(outcome.change.isel(time=-1)).max()
    return bool(last > 1e-4 * outcome.size)


def _change(said: Speaker, outcome: Outcome) -> str:
    """An outcome at the end, with the policy and without; that of several elements by their mean."""
    with_it, without = (float(values.isel(time=-1).mean()) for values in (outcome.policy, outcome.without))
    name, unit = said.headline(outcome.headline), said.people_unit(outcome.headline.unit)
    digits = _telling_digits(with_it, without)
    texts = {
        "name": name if not outcome.headline.by else said.say("mean_of", name=name),
        "with_it": with_unit(numeral(with_it, digits=digits), unit),
        "without": numeral(without, digits=digits),
    }
    if outcome.is_share or not without > 0 or not abs(with_it / without) < MANY:
        return said.say("instead", **texts)
    return said.say("instead_part", part=percent(with_it / without - 1, signed=True), **texts)


def _telling_digits(one: float, other: float) -> int:
    """Digits that tell two numbers apart."""
    return next((digits for digits in (3, 4, 5) if numeral(one, digits=digits) != numeral(other, digits=digits)), 6)


def lost(subject: Subject) -> str:
    """Who loses, in what, when, by how much."""
    said = subject.speaker
    if not subject.sides:
        return unknown(subject) if subject.outcomes else ""
    if not subject.losing:
        if unjudged(subject.outcomes):
            return unknown(subject)
        return said.say("losers_none", count=len(subject.sides))
    named: dict[str, Sides] = {}
    for one in sorted(subject.losing, key=lambda one: (not one.losing_at_end, bool(one.outcome.headline.by))):
        named.setdefault(one.outcome.headline.english, one)
    shown = list(named.values())[:MOST_LOSSES]
    text = said.say("losers", losses=said.parted(_loss(said, one) for one in shown))
    more = len(named) - len(shown)
    return said.joined((text, said.say("losers_more", count=more) if more else ""))


def unknown(subject: Subject) -> str:
    """That nobody knows who loses, since nobody said what is better."""
    return unknown_of(subject.speaker, unjudged(subject.outcomes) or subject.outcomes)


def unknown_of(said: Speaker, told: Sequence[Outcome]) -> str:
    """The same of these outcomes."""
    return said.say("losers_unknown", names=said.listed(dict.fromkeys(said.headline(one.headline) for one in told)))


def _loss(said: Speaker, side: Sides) -> str:
    headline, worst = side.outcome.headline, side.loss
    if worst is None:
        return ""
    values = {
        "name": said.headline(headline),
        "first": said.moment(side.first),
        "last": said.the_moment(side.last),
        "size": extreme(said, side.outcome, worst),
        "when": said.at(worst.time),
        "place": said.name(worst.element),
        "count": f"{side.losing:,}",
        "of": f"{side.of:,}",
    }
    label = "loss_somewhere" if headline.by else "loss"
    return said.say(label if side.first < side.last else f"{label}_once", **values)


def extreme(said: Speaker, outcome: Outcome, worst: Extreme) -> str:
    """A change in per cent, or in the outcome's own unit where a percentage would mislead."""
    if not outcome.is_told_in_per_cent or not np.isfinite(worst.relative):
        text = numeral(worst.change, digits=2, signed=True)
        return with_unit(text, change_unit(said, outcome.headline.unit))
    return percent(worst.relative, signed=True)


def change_unit(said: Speaker, unit: str) -> str:
    """The unit in which a change is told of what has this unit."""
    return said.say("points") if unit.startswith(("%", "per")) else said.people_unit(unit)


# --- how sure ---------------------------------------------------------------------------------------------------------


def sure(subject: Subject) -> str:
    """The verdict and what it rests on, how many limits bind, and which of them is worth most."""
    said, result = subject.speaker, subject.result
    found = result.findings
    evidence = [said.say("evidence_residual", residual=f"{found.kkt_residual:.0e}")] if found.kkt_residual < 1 else []
    if found.looked is not None and found.looked.is_only:
        evidence.append(said.say("evidence_only"))
    elif found.looked is not None and found.looked.probes:
        evidence.append(said.say("evidence_probes", count=f"{found.looked.probes:,}"))
    if result.verification is not None:
        gap = result.verification.gap.size
        evidence.append(said.say("evidence_replay", gap=f"{gap:.0e}") if gap else said.say("evidence_exact"))
    elif result.status.standing is not Standing.UNVERIFIED:
        evidence.append(said.say("evidence_no_replay"))
    seen = said.say("sure", evidence=said.listed(evidence)) if evidence else ""
    names = reached(subject)
    return said.joined((meaning(subject), seen, _binding(subject, names) if names else ""))


def _binding(subject: Subject, names: Sequence[str]) -> str:
    """How many limits are reached, which, and which of them is worth most."""
    said, priciest = subject.speaker, dearest(subject)
    shown = names[:MOST_NAMES]
    is_all = len(names) == len(shown)
    told = said.both(shown) if is_all else said.listed(shown)
    text = said.say("binding" if is_all else "binding_more", count=len(names), names=told)
    return said.say("sentence", text=said.parted([text, *([priciest] if priciest else [])]))


def capital(text: str) -> str:
    """A text as a sentence begins."""
    return text[:1].upper() + text[1:]
