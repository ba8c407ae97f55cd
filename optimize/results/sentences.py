"""A result in the sentences that people hear first: what is recommended, who gains, who loses and when, what it costs,
what binds, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..plans.kinds import RowKind
from .bounded import percent
from .gains import Extreme, Outcome, Sides, gaining, is_worse, losing, outcomes, unjudged
from .moments import YEARS, is_in_years
from .numbers import changes, column, shares, signed_column
from .prices import kind_of
from .result import Result
from .uses import Use, uses
from .verdict import Standing, Verdict, reached
from .voice import LANGUAGE, Voice, voice_of
from .worth import PRICED, worths

MOST = 3  # of what is listed in one sentence
NAMED = 6  # names of outcomes in one sentence
LEAST_SHARE = 0.005  # of a part that is worth a word
# Searches on their way: prices there tell nothing of what binds.
UNFINISHED = (Standing.LIMIT_REACHED, Standing.STALLED)
STOP = {"en": "; ", "zh": "；"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and what it is about: verdict, sure, recommended (given), brings, loses, gains, costs, or binds."""

    topic: str
    text: str


def sentences(result: Result, language: str = LANGUAGE) -> tuple[Sentence, ...]:
    """What people hear first of a result; where there is no policy, or a search was interrupted, its verdict alone.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> [sentence.topic for sentence in sentences(result)]
    ['verdict', 'sure', 'recommended', 'brings', 'loses', 'gains', 'costs', 'binds']
    """
    return tuple(_Sentences(result, voice_of(result, language)).all())


@dataclass(frozen=True)
class _Sentences:
    result: Result
    voice: Voice

    def all(self) -> Iterator[Sentence]:
        """In the order of reading."""
        verdict = self.result.judged(self.voice)
        if not self.result.shows_gains:
            yield Sentence("verdict", verdict.told(self.voice))
            return
        worse = self.voice.say("worse_than_without") if is_worse(self.result) else ""
        yield Sentence("verdict", self.voice.joined(self.voice.meaning(verdict.called), worse))
        facts = self._listed(self._facts(), "semicolon")
        yield Sentence("sure", self.voice.joined(self.voice.say("sure", facts=facts), verdict.advice))
        if verdict.standing is Standing.NO_GRADIENT:
            return
        yield Sentence("given" if verdict.is_given else "recommended", self._policy(verdict))
        told = outcomes(self.result)
        if not self.result.headlines:
            yield Sentence("brings", self.voice.say("no_headlines"))
        elif told:
            yield from self._people(told)
        costs = self._costs()
        if costs:
            yield Sentence("costs", costs)
        if verdict.standing not in UNFINISHED:
            yield Sentence("binds", self._binds())

    def _people(self, told: Sequence[Outcome]) -> Iterator[Sentence]:
        """What comes of it, losers and gainers."""
        brings = self._brings(told)
        if brings:
            yield Sentence("brings", brings)
        yield Sentence("loses", self._loses(told))
        gains = self._gains()
        if gains:
            yield Sentence("gains", gains)

    def _listed(self, texts: Sequence[str], how: str = "comma") -> str:
        return (STOP if how == "semicolon" else {"en": ", ", "zh": "，"})[self.voice.language].join(texts)

    def _few(self, texts: Sequence[str], most: int = MOST) -> str:
        """The first of them, and how many more there are."""
        more = [self.voice.say("more", count=len(texts) - most)] if len(texts) > most else []
        return self._listed([*texts[:most], *more], "semicolon")

    @staticmethod
    def _begun(text: str) -> str:
        return f"{text[:1].upper()}{text[1:]}"

    def _when(self, time: float) -> str:
        """A time behind what happens then."""
        said = self.voice.moment(time)
        inside = is_in_years(self.result.time_unit) and time >= YEARS and said[:1].isdigit()
        return self.voice.say("in_time" if inside else "at_time", time=said)

    @cached_property
    def _uses(self) -> list[Use]:
        return sorted(uses(self.result, self.voice), key=lambda use: -use.paths.size)

    # --- how sure -----------------------------------------------------------------------------------------------------

    def _facts(self) -> list[str]:
        looked, replayed = self.result.findings.looked, self.result.verification is not None
        facts = [self.voice.say("sure_limits"), self.voice.say("sure_replayed" if replayed else "sure_not_replayed")]
        if looked is not None and looked.is_only:
            facts.append(self.voice.say("sure_only"))
        elif looked is not None and looked.probes and not looked.better:
            facts.append(self.voice.say("sure_probes", probes=looked.probes))
        proof = None if self.result.bound is None else self.result.bound.proof(self.result.objective)
        if proof is not None:
            facts.append(self.voice.say("sure_bounded", share=percent(proof.share)))
        return facts

    # --- what is recommended, what it costs, what binds ---------------------------------------------------------------

    def _policy(self, verdict: Verdict) -> str:
        first, end = (self.voice.moment(time) for time in (self.result.plan.horizon[0], self.voice.end))
        word = "recommended" if verdict.standing in PRICED else "best_found"
        word = "given_policy" if verdict.is_given else word
        return self.voice.say(word, first=first, end=end, uses=self._few([self._used(u) for u in self._uses]))

    def _used(self, use: Use) -> str:
        """How much of a lever, for what and where."""
        lever, unit = self.voice.inline(use.lever), use.whole_unit.of(self.voice.language)
        total = self.voice.amount(column([use.whole])[0], unit)
        if not use.dims:
            ends = column([float(use.paths[0]), float(use.paths[-1])])
            whole = self.voice.say("use_in_all" if use.is_total else "use_average", total=total)
            return self.voice.say("use_path", lever=lever, first=ends[0], last=ends[1], total=whole)
        if not use.is_total:
            return self._level(use, lever, total)
        told = self.voice.say("use_total", lever=lever, total=total)
        parts = self._parts("share_of", use.parts()) if use.where is not None else ""
        places = self._parts("share_in", use.places() or use.parts())
        if parts and places:
            return self.voice.say("use_both", use=told, shares=parts, places=places)
        return self.voice.say("use_where", use=told, shares=places) if places else told

    def _level(self, use: Use, lever: str, total: str) -> str:
        """How high a lever is that does not add up, and between what elements."""
        told, ends = self.voice.say("use_mean", lever=lever, total=total), use.ends()
        if ends is None:
            return told
        low, high = (self.voice.inline(name) for name, _ in ends)
        texts = column([value for _, value in ends], like=[use.whole])
        return self.voice.say("use_between", use=told, first=texts[0], last=texts[1], low=low, high=high)

    def _parts(self, key: str, parts: Sequence[tuple[str, float]]) -> str:
        most = [(name, part) for name, part in parts[:MOST] if part >= LEAST_SHARE]
        texts = shares([part for _, part in most])
        named = zip(most, texts, strict=True)
        return self._listed([self.voice.say(key, name=self.voice.inline(n), share=s) for (n, _), s in named])

    def _costs(self) -> str:
        """Totals of what adds up, with the policy and in the model's own course."""
        told = []
        for use in (use for use in self._uses if use.is_total and use.unit.english):
            own, total = column([float(use.own.sum()), use.whole])
            unit = use.whole_unit.of(self.voice.language)
            lever = self.voice.inline(use.lever)
            told.append(self.voice.say("costs_one", total=self.voice.amount(total, unit), own=own, lever=lever))
        return self.voice.say("costs", uses=self._few(told)) if told else ""

    def _binds(self) -> str:
        binding = [name for name, price in self.result.shadow_prices.items() if price.to_numpy().any()]
        slight: list[str] = []
        if self.result.status.standing in PRICED:
            told = {one.limit for one in worths(self.result)}
            slight = [name for name in binding if name not in told and self._is_reached(name)]
            binding = [name for name in binding if name in told]
        if not all(map(self._is_limit, binding)):
            slight = list(filter(self._is_limit, slight))  # of levers it is said already
        limits, others = self._limits(binding), self._limits(slight)
        if not binding:
            return self.voice.say("binds_slightly_only" if slight else "binds_nothing", limits=others)
        return self.voice.say("binds_and_slightly" if slight else "binds", limits=limits, others=others)

    def _is_reached(self, name: str) -> bool:
        """Whether a limit with a price leaves no room; bounds and ramps have prices only where they leave none."""
        items = (item for item in self.result.violations if item.limit == name)
        return not self._is_limit(name) or any(map(reached, items))

    def _is_limit(self, name: str) -> bool:
        """Whether it is a limit of the plan, and nothing that this says of a lever."""
        return kind_of(self.result.shadow_prices[name]) is RowKind.LIMIT

    def _limits(self, names: Sequence[str]) -> str:
        """Limits that bind, and in one word all that is said of levers."""
        limits = [self._binding(name) for name in names if self._is_limit(name)]
        if len(limits) < len(names):
            limits.append(self.voice.say("binds_levers" if limits else "binds_only_levers"))
        return self._listed(limits, "semicolon")

    def _binding(self, name: str) -> str:
        price = self.result.shadow_prices[name]
        held = (price != 0).any([d for d in price.dims if d != "time"]).to_numpy()
        key = "binds_always" if held.all() else "binds_sometimes"
        return self.voice.say(key, limit=self.voice.inline(name), count=int(held.sum()), of=len(held))

    # --- who gains, who loses -----------------------------------------------------------------------------------------

    def _brings(self, told: Sequence[Outcome]) -> str:
        better = [self._brought(one) for one in told if _is_better_at_end(one)]
        end = self.voice.moment(self.voice.end)
        return self.voice.say("brings", end=end, outcomes=self._few(better)) if better else ""

    def _brought(self, one: Outcome) -> str:
        unit = self.voice.people_unit(one.headline.unit)
        last, without = float(one.policy[-1]), float(one.without[-1])
        texts = column([last, without])
        change = changes([(without, last)])[0]
        if not one.is_share:
            change = self._change(one, float(one.change[-1]), float(one.relative[-1]))
        words = {"name": self._name(one), "policy": self.voice.amount(texts[0], unit), "without": texts[1]}
        return self.voice.say("brings_one", **words, change=change)

    def _name(self, one: Outcome) -> str:
        """What people call an outcome, inside a sentence."""
        called = one.headline.chinese if self.voice.language == "zh" else one.headline.english
        begins = called != one.headline.variable and called[:1].isupper() and called[1:2].islower()
        return f"{called[:1].lower()}{called[1:]}" if begins else called

    def _change(self, one: Outcome, change: float, relative: float) -> str:
        """In per cent; where that would mislead, and where there was nothing, in its own unit."""
        if not one.is_told_in_per_cent or not math.isfinite(relative):
            texts = [*signed_column([change], like=[one.size]), *signed_column([change])]
            amount = next((text for text in texts if text != "0"), "0")
            return self.voice.amount(amount, self.voice.people_unit(one.headline.unit))
        return shares([relative], sign="+")[0]

    def _extreme(self, one: Outcome, extreme: Extreme) -> str:
        return self._change(one, extreme.change, extreme.relative)

    def _loses(self, told: Sequence[Outcome]) -> str:
        """Who loses; first that nobody knows, where it is not known of any outcome by element what is better."""
        losers, unknown = [self._loser(found) for found in losing(self.result)], unjudged(told)
        judged = [one for one in told if one.headline.better]
        said = []
        if unknown or not judged:
            said.append(self.voice.say("loses_unknown", names=self._named(unknown or told)))
        if losers:
            said.append(self.voice.say("loses", losers=self._few(losers, 1 + MOST)))
        elif not said:
            said.append(self.voice.say("loses_nobody", names=self._named(judged)))
        return self.voice.joined(*said)

    def _named(self, told: Sequence[Outcome]) -> str:
        """What outcomes are called, each once, the first of them where there are many."""
        called = list(dict.fromkeys(map(self._name, told)))
        more = [self.voice.say("more", count=len(called) - NAMED)] if len(called) > NAMED else []
        return self._listed([*called[:NAMED], *more])

    def _loser(self, found: Sides) -> str:
        one, loss = found.outcome, found.loss
        assert loss is not None
        words = {"name": self._name(one), "change": self._extreme(one, loss), "when": self._when(loss.time)}
        if found.of == 1:
            return self.voice.say("loses_all", **words)
        return self.voice.say(
            "loses_where",
            **words,
            losing=found.losing,
            of=found.of,
            at_end=found.losing_at_end,
            dimension=self.voice.many(one.headline.by),
            element=self.voice.inline(loss.element),
        )

    def _gains(self) -> str:
        told = [self._gainer(found) for found in gaining(self.result)]
        return self.voice.say("gains", end=self.voice.moment(self.voice.end), gainers=self._few(told)) if told else ""

    def _gainer(self, found: Sides) -> str:
        one, gain = found.outcome, found.gain_at_end
        assert gain is not None
        return self.voice.say(
            "gains_where",
            name=self._name(one),
            gaining=found.gaining_at_end,
            of=found.of,
            dimension=self.voice.many(one.headline.by),
            element=self.voice.inline(gain.element),
            change=self._extreme(one, gain),
        )


def _is_better_at_end(one: Outcome) -> bool:
    better = one.is_better
    return better is not None and better.ndim == 1 and bool(better[-1])
