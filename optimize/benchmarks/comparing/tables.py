"""A benchmark in tables: for people, and for programs as rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...results.tables import Table
from .benchmark import Benchmark
from .statistics import SHIFT, Summary, charged, references, to_best
from .verdicts import Reference, Status, Verdict

SHOWN = tuple(status for status in Status if status != Status.NOT_ACCEPTED)
GIBIBYTE = 2**30
NOTHING = "-"
# So many solvers that take no problem of a family still have a row each.
FEW_OTHERS = 3


def summary_table(title: str, found: Sequence[Summary]) -> Table:
    """Solvers on the instances of a family: what they take, what comes of it, how long it takes.

    Of many that take nothing, how many they are.
    """
    taking = [one for one in found if one.accepted]
    others = len(found) - len(taking) if len(found) - len(taking) > FEW_OTHERS else 0
    statuses = [status for status in SHOWN if any(one.statuses.get(status) for one in found)]
    headers = ("solver", "takes", *map(str, statuses), "mean s", "ratio", "s to best", "spread", "GiB")
    rows = tuple(
        (
            one.solver,
            f"{one.accepted} of {one.instances}",
            *(str(one.statuses.get(status, 0) or NOTHING) for status in statuses),
            seconds(one.mean),
            number(one.ratio, ".2f"),
            seconds(one.to_best),
            number(one.spread, ".2f"),
            number(one.memory / GIBIBYTE, ".2f"),
        )
        for one in (taking if others else found)
    )
    if others:
        nothing = [NOTHING] * (len(headers) - 2)
        rows = (*rows, (f"{others} others", f"0 of {found[0].instances}", *nothing))
    return Table(title, headers, rows, len(headers) - 1)


def false_table(title: str, found: Sequence[Verdict]) -> Table:
    """Runs with why they count as they do."""
    rows = tuple((one.facts.solver, one.facts.version or NOTHING, one.facts.instance, words(one)) for one in found)
    return Table(title, ("solver", "version", "instance", "why"), rows, 0)


def words(one: Verdict) -> str:
    """Why a run counts as it does, with what the solver itself said."""
    said = one.facts.said or one.facts.ending
    return f"{one.why} It said: {said}." if said and one.status in (Status.WRONG, Status.INEXACT) else one.why


def seconds(value: float) -> str:
    """A time for people."""
    return NOTHING if not math.isfinite(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "solver"), counted(1200, "solver")
    ('1 solver', '1,200 solvers')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def number(value: float, form: str) -> str:
    """A number for people, a dash where there is none."""
    return format(value, form) if math.isfinite(value) else NOTHING


def refusals(found: Sequence[Verdict]) -> tuple[tuple[str, str, str], ...]:
    """Why which solver takes how many problems not."""
    counted = Counter((one.facts.solver, one.why) for one in found)
    return tuple((solver, str(count), why) for (solver, why), count in counted.items())


# --- rows -------------------------------------------------------------------------------------------------------------


def run_rows(found: Benchmark) -> list[dict[str, Any]]:
    """A row for each run, all of its facts but points and log."""
    bests = references(found.verdicts)
    return [_run_row(one, bests[one.facts.instance]) for one in found.verdicts]


def _run_row(one: Verdict, best: Reference) -> dict[str, Any]:
    facts, reached = one.facts, to_best(one, best)
    return {
        "family": facts.family,
        "instance": facts.instance,
        "solver": facts.solver,
        "version": facts.version,
        "repeat": facts.repeat,
        "seed": facts.seed,
        "status": str(one.status),
        "why": one.why,
        "objective": facts.objective,
        "best_objective": best.best,
        "gap": one.gap,
        "violation": facts.violation,
        "breaks": facts.breaks,
        "fraction": facts.fraction,
        "claimed_objective": facts.claimed,
        "claimed_bound": facts.bound,
        "claimed_status": facts.said,
        "ending": facts.ending,
        "kkt_residual": facts.kkt_residual,
        "seconds": facts.seconds,
        "charged_seconds": charged(one),
        "seconds_to_best": reached if math.isfinite(reached) else math.nan,
        "seconds_making": facts.making,
        "seconds_stating": facts.stating,
        "simulations": facts.simulations,
        "gradients": facts.gradients,
        "peak_memory_bytes": facts.memory,
        "levers": facts.levers,
        "rows": facts.rows,
        "time_limit": facts.time_limit,
        "memory_limit_bytes": facts.memory_limit,
        "options": "; ".join(f"{name}={value}" for name, value in facts.options.items()),
        "machine": facts.machine,
        "project": facts.project,
        "when": facts.when,
        "key": facts.key,
    }


def point_rows(found: Benchmark) -> list[dict[str, Any]]:
    """A row for each better policy that was seen in a run."""
    return [
        {
            "instance": one.facts.instance,
            "solver": one.facts.solver,
            "repeat": one.facts.repeat,
            "seconds": point.seconds,
            "simulations": point.simulations,
            "gradients": point.gradients,
            "objective": point.objective,
        }
        for one in found.verdicts
        for point in one.facts.points
    ]


def summary_rows(found: Benchmark) -> list[dict[str, Any]]:
    """A row for each solver and family, and for all families together."""
    return [_summary_row(family, one) for family in (*found.families, None) for one in found.summaries(family)]


def _summary_row(family: str | None, one: Summary) -> dict[str, Any]:
    return {
        "family": family or "all",
        "solver": one.solver,
        "instances": one.instances,
        "accepted": one.accepted,
        **{str(status).replace(" ", "_"): one.statuses.get(status, 0) for status in Status},
        f"mean_seconds_shift_{SHIFT:g}": one.mean,
        "ratio_to_fastest": one.ratio,
        "seconds_to_best_median": one.to_best,
        "spread_of_repeats": one.spread,
        "peak_memory_bytes": one.memory,
    }
