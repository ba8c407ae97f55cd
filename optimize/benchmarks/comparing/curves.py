"""The charts of a benchmark, as the drawing module takes them: profiles, and the way to the best objective."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sd_models.system.model import FloatArray

from ...reports.blocks import Chart
from .statistics import Cell, Profile, profile, references, summaries
from .tables import counted
from .verdicts import Reference, Status, Verdict

MOST_LINES = 10  # that are told apart by colour and dashes
MOST_PANELS = 6
FINEST = 9.0  # digits of the objective, beyond which nothing is told
FIRST, STEP = -2, 0.1  # powers of ten of seconds


def looks_of(cells: Iterable[Cell]) -> dict[str, int]:
    """The number of each solver, which has one look in all charts of a page: those that solve most come first."""
    solved = Counter[str]()
    for cell in cells:
        solved[cell.solver] += sum(one.status is Status.OK for one in cell.verdicts)
    return {name: at for at, name in enumerate(sorted(solved, key=lambda name: (-solved[name], name)))}


def profile_chart(found: Profile, title: str, looks: Mapping[str, int]) -> Chart | None:
    """The share of problems that each solver solves within factors of the fastest; None without any."""
    names = sorted(found.shares, key=lambda name: -sum(found.shares[name]))[:MOST_LINES]
    if not names:
        return None
    series = [
        {"name": name, "values": [_short(100.0 * share) for share in found.shares[name]], "look": looks[name]}
        for name in names
    ]
    return Chart(
        "lines",
        {
            "title": title,
            "unit": "% of problems",
            "x": [_short(math.log2(factor)) for factor in found.factors],
            "xUnit": "times, log2",
            "pointNames": [
                f"{factor:,.0f} times" if factor > 99.0 else f"{factor:.3g} times" for factor in found.factors
            ],
            "series": series,
            "zero": True,
        },
    )


def profile_charts(cells: Sequence[Cell], looks: Mapping[str, int]) -> Iterator[Chart]:
    """The profile of a family, and the one without the solver that leads it."""
    whole = profile(cells)
    many = f"{counted(whole.instances, 'problem')} that all {len(whole.shares)} take"
    first = profile_chart(whole, f"Solved within a factor of the fastest: {many}", looks)
    if first is not None:
        yield first
    rest = profile(cells, without=whole.leader)
    second = profile_chart(rest, f"The same without {whole.leader}: {counted(rest.instances, 'problem')}", looks)
    if second is not None and len(rest.shares) > 1:
        yield second


def way_chart(cells: Sequence[Cell], looks: Mapping[str, int]) -> Chart | None:
    """How many digits of the best objective solvers have by a time, on the largest problems of a family.

    Shown are the solvers that take and solve most of it, as many as can be told apart.
    """
    bests = references(one for cell in cells for one in cell.verdicts)
    by_instance: dict[str, list[Cell]] = {}
    for cell in cells:
        by_instance.setdefault(cell.instance, []).append(cell)
    largest = sorted(by_instance, key=lambda name: -max(cell.verdicts[0].facts.levers for cell in by_instance[name]))
    latest = max((cell.verdicts[0].facts.time_limit for cell in cells), default=1.0)
    powers = np.arange(FIRST, max(math.ceil(math.log10(latest)), FIRST + 1) + STEP / 2, STEP).round(2)
    times = 10.0**powers
    first = [one.solver for one in summaries(cells) if one.accepted][:MOST_LINES]
    shown_looks = {name: looks[name] for name in first}
    panels = [_panel(name, by_instance[name], bests[name], times, shown_looks) for name in largest[:MOST_PANELS]]
    shown = [panel for panel in panels if panel["series"]]
    if not shown:
        return None
    return Chart(
        "multiples",
        {
            "title": "Digits of the best objective by the time, policies that keep all limits",
            "unit": "digits",
            "x": powers.tolist(),
            "xUnit": "log10 s",
            "pointNames": [f"{time:.2g} s" for time in times],
            "panels": shown,
            "zero": True,
        },
    )


def _panel(
    name: str, cells: Sequence[Cell], best: Reference, times: FloatArray, looks: Mapping[str, int]
) -> dict[str, Any]:
    """One problem, a line for each solver of which something was seen."""
    levers = max(cell.verdicts[0].facts.levers for cell in cells)
    lines = [(cell.solver, digits(cell.verdicts[0], best, times)) for cell in cells if cell.solver in looks]
    series = [
        {
            "name": solver,
            "values": [None if math.isnan(each) else _short(float(each)) for each in values],
            "look": looks[solver],
        }
        for solver, values in lines
        if np.isfinite(values).any()
    ]
    return {"name": f"{name}, {levers:,} levers", "series": series}


def digits(one: Verdict, best: Reference, times: FloatArray) -> FloatArray:
    """How many digits of the best objective a run had at each time; NaN before its first policy that keeps all limits.

    The solver's answer counts from the time at which it gave it, if it keeps all limits.
    """
    seen = [(point.seconds, best.behind(point.objective)) for point in one.facts.points]
    if one.status in (Status.OK, Status.LOCAL) and math.isfinite(one.facts.seconds) and math.isfinite(one.gap):
        seen.append((one.facts.seconds, one.gap))
    found = np.full(len(times), np.nan)
    for seconds, gap in seen:
        reached = min(FINEST, -math.log10(gap)) if gap > 0.0 else FINEST
        later = times >= seconds
        found[later] = np.fmax(found[later], max(reached, 0.0))
    return found


def _short(value: float) -> float:
    """As many digits as a chart shows: a page holds thousands of them."""
    return float(f"{value:.3g}")
