"""All of a report as one value, made from a result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ..results.result import Result
from . import alongside, certainty, limits, money, opening, origins, people
from . import reasons as why
from .blocks import Block, Paragraph, Report, Section
from .subject import Subject, subject_of


def report_of(result: Result, language: str, *, others: Sequence[Result] = (), today: str = "") -> Report:
    """The report of a result in a language, with further ones beside it, such as another solver's of the same plan.

    Without a policy to speak of it says so first, and shows no gains. `today` is the day that stands on it.
    InvalidRequest where others are given and cannot be compared with the first.
    """
    subject = subject_of(result, language)
    sections = _sections(subject, others) if subject.shows_gains else _without(subject, others)
    return Report(
        language,
        opening.title(subject),
        tuple(opening.about(subject, today or date.today().isoformat())),
        opening.warning(subject),
        opening.sentences(subject),
        sections,
    )


def _sections(subject: Subject, others: Sequence[Result]) -> tuple[Section, ...]:
    found = why.reasons(subject)
    return (
        money.section(subject),
        people.section(subject),
        limits.section(subject),
        why.section(subject, found),
        *((alongside.section(subject, others),) if others else ()),
        certainty.section(subject, found.leanings, others),
        origins.section(subject),
    )


def _without(subject: Subject, others: Sequence[Result]) -> tuple[Section, ...]:
    """What may be said where there is no policy: why, what to do, where it comes from."""
    said, status = subject.speaker, subject.result.status
    blocks: tuple[Block, ...] = tuple(
        Paragraph(said.voice.told(text)) for text in (status.sentence, status.advice) if text
    )
    missed = limits.missed(subject) if not subject.result.is_policy else ()
    alone = (Paragraph(said.say("alongside_not")),) if others else ()
    verdict = Section("verdict", said.say("heading_verdict"), (*blocks, *missed, *alone))
    return verdict, certainty.section(subject, (), others), origins.section(subject)
