"""Times of a model as people say them: the end of a horizon, and the few round times that a table has room for."""

from __future__ import annotations

import math

import numpy as np

from sd_models.system.model import FloatArray, key

from .words import WORDS

YEARS = 1000.0  # from here on whole numbers are told as years
MOST_TIMES = 6
SAME = 1e-9  # of a time: rounding
NICE = (1.0, 2.0, 5.0)


def moment(time: float, *, end: float, unit: str, language: str = "en") -> str:
    """A time in words: the end of the horizon in years is that of the year before, another end is called so.

    >>> moment(2051.0, end=2051.0, unit="Year"), moment(2030.0, end=2051.0, unit="Year")
    ('end of 2050', '2030')
    >>> moment(2051.0, end=2051.0, unit="Year", language="zh")
    '2050年末'
    >>> moment(120.0, end=120.0, unit="Month"), moment(0.5, end=120.0, unit="Month")
    ('the end (120)', '0.5')
    """
    is_calendar = is_in_years(unit) and end >= YEARS
    if not math.isclose(time, end, rel_tol=SAME, abs_tol=SAME):
        return WORDS.say("year_of" if is_calendar and time == round(time) else "time", language, time=f"{time:.10g}")
    if is_calendar and end == round(end):
        return WORDS.say("end_of_year", language, year=f"{end - 1:g}")
    return WORDS.say("end", language, time=f"{end:.10g}")


def is_in_years(unit: str) -> bool:
    """Whether the unit of time is a year.

    >>> is_in_years("Years"), is_in_years("Month")
    (True, False)
    """
    return key(unit) in ("year", "years", "a", "yr")


def round_times(times: FloatArray, most: int = MOST_TIMES) -> list[int]:
    """The places of the first and the last of these times, and of round ones between them, at most so many in all.

    The round ones are multiples of 1, 2 or 5 (or of ten, a hundred, a tenth ... of these), as few apart as there is
    room for; those that would crowd the first or the last are left out.

    >>> years = np.arange(2026.0, 2052.0)
    >>> [float(years[place]) for place in round_times(years)]
    [2026.0, 2030.0, 2035.0, 2040.0, 2045.0, 2051.0]
    """
    first, last = float(times[0]), float(times[-1])
    if len(times) <= most:
        return list(range(len(times)))
    step = _step((last - first) / (most - 1))
    wanted = np.arange(np.ceil(first / step), np.floor(last / step) + 1) * step
    inner = wanted[(wanted >= first + step / 2) & (wanted <= last - step / 2)]
    places = (int(np.abs(times - time).argmin()) for time in inner)
    return sorted({0, *places, len(times) - 1})


def _step(least: float) -> float:
    """The smallest round number that is at least this."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(nice * power for nice in (*NICE, 10.0) if nice * power >= least * (1 - 1e-9)))
