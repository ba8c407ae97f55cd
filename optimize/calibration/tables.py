"""What an analyst reads of a calibration: rows of tables and sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .accuracy import Summary, summaries
from .estimation import CalibrationResult
from .fitting import ADVICE, Progress
from .identification import STRONG_CORRELATION, Direction, Pair, Standing, described

MOST_ELEMENTS = 3  # of a parameter, one row each; more become lowest, median and highest
MOST_SENTENCES = 8

ESTIMATE_HEADERS = ("parameter", "unit", "standing", "lower", "estimate", "standard error", "upper")
FIT_HEADERS = ("series", "elements", "mean", "median", "worst", "", "total", "R2", "U^M", "U^S", "U^C", "naive")
HOLDOUT_HEADERS = ("series", "elements", "mean", "median", "total", "no change", "drift", "answer")


@dataclass(frozen=True, slots=True)
class Tables:
    """A calibration in tables and sentences."""

    title: str
    facts: tuple[str, ...]
    estimates: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...]
    fit: tuple[tuple[str, ...], ...]
    holdout: tuple[tuple[str, ...], ...]
    holdout_title: str


def tables(result: CalibrationResult) -> Tables:
    """The tables of a result."""
    fit, held = result.fit, result.calibration.holdout
    title = f"{result.system.name}: {fit.ending}. {ADVICE[fit.ending]}"
    return Tables(
        title,
        tuple(_facts(result)),
        tuple(_estimate_rows(result)),
        tuple(_warnings(result)),
        tuple(_fit_row(item) for item in summaries(result.score.rated)),
        tuple(_holdout_row(item) for item in summaries(result.holdout.rated)) if result.holdout else (),
        f"Hold-out, fitted to {held.fit_to:g}: mean absolute errors after that, which the fit has not seen"
        if held
        else "",
    )


def _facts(result: CalibrationResult) -> Iterator[str]:
    fit, parameters = result.fit, result.parameters
    points = len(fit.residuals) - int(np.isfinite(parameters.deviation).sum())
    yield (
        f"{points:,} observations of {len(result.score.targets)} series, {len(parameters)} parameters. Misfit "
        f"{fit.misfit_at_start:,.4g} at the start, {fit.misfit:,.4g} now; {fit.evaluations} runs and {fit.jacobians} "
        f"Jacobians in {fit.seconds:.2g} s."
    )
    variance = result.identification.variance
    if np.isfinite(variance):
        yield (
            f"Errors are {np.sqrt(variance):.2g} times the standard deviations that the file expects; standard errors "
            "allow for it."
        )
    if len(fit.misfits) > 1:
        shown = ", ".join(f"{misfit:,.6g}" for misfit in fit.misfits[:MOST_SENTENCES])
        yield f"Misfits of the {len(fit.misfits)} starts: {shown}{', ...' * (len(fit.misfits) > MOST_SENTENCES)}"


# --- estimates --------------------------------------------------------------------------------------------------------


def _estimate_rows(result: CalibrationResult) -> Iterator[tuple[str, ...]]:
    """A line for each parameter; of one with many elements the lowest, the median and the highest estimate."""
    parameters = result.parameters
    for number, block in enumerate(parameters.blocks):
        places = np.flatnonzero(parameters.block == number)
        unit = result.system[block.variable].unit
        if len(places) <= MOST_ELEMENTS:
            yield from (_line(result, place, parameters.labels[place], unit) for place in places.tolist())
            continue
        order = places[np.argsort(result.fit.values[places], kind="stable")].tolist()
        standing = _counted([result.identification.standings[place] for place in places])
        for what, place in (("lowest", order[0]), ("median", order[len(order) // 2]), ("highest", order[-1])):
            line = _line(result, place, f"{parameters.labels[place]}, {what} of {len(places)}", unit)
            yield (*line[:2], standing if what == "lowest" else "", *line[3:])


def _counted(standings: list[Standing]) -> str:
    """How many elements have each standing.

    >>> _counted([Standing.WEAK, Standing.IDENTIFIED, Standing.WEAK])
    '2 weak, 1 identified'
    """
    return ", ".join(f"{count} {standing}" for standing, count in Counter(standings).most_common())


def _line(result: CalibrationResult, place: int, label: str, unit: str) -> tuple[str, ...]:
    parameters, found = result.parameters, result.identification
    lower, estimate, upper = parameters.lower[place], result.fit.values[place], parameters.upper[place]
    return (
        label,
        unit,
        _standing(result, place),
        _number(lower),
        _number(estimate, 5),
        _error(float(found.errors[place])),
        _number(upper),
    )


def _standing(result: CalibrationResult, place: int) -> str:
    """What is to be thought of an estimate, with the one that it cannot be told from by itself."""
    found = result.identification
    partner = found.partners[place]
    if partner is None or abs(partner.correlation) < STRONG_CORRELATION:
        return str(found.standings[place])
    return f"only with {result.parameters.labels[partner.number]} ({partner.correlation:+.3f})"


def _number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}g}" if np.isfinite(value) else "-"


def _error(value: float) -> str:
    """A standard error; none where a bound holds the estimate."""
    return "-" if np.isnan(value) else "any" if np.isinf(value) else f"{value:.2g}"


# --- what the data cannot tell ----------------------------------------------------------------------------------------


def _warnings(result: CalibrationResult) -> Iterator[str]:
    """Sentences on what the data cannot tell, what is on its bound, and what goes together."""
    parameters, found = result.parameters, result.identification
    for direction in found.directions[:MOST_SENTENCES]:
        yield _sentence(described(parameters, direction), direction) + _settled(result, direction)
    rest = len(found.directions) - MOST_SENTENCES
    if rest > 0:
        yield f"... and {rest} more such groups; report.json and --json list all."
    for standing in (Standing.LOWER, Standing.UPPER):
        held = [label for label, s in zip(parameters.labels, found.standings, strict=True) if s is standing]
        if held:
            shown = ", ".join(held[:MOST_SENTENCES]) + f" and {len(held) - MOST_SENTENCES} more" * (
                len(held) > MOST_SENTENCES
            )
            yield f"{str(standing).capitalize()}: {shown}. Widen it, or ask why the data push there."
    told = [set(direction.members) for direction in found.directions]
    apart = [pair for pair in found.pairs if not any({pair.first, pair.second} <= members for members in told)]
    for pair in apart[:MOST_SENTENCES]:
        yield _pair_sentence(result, pair)
    yield from _shared(result, set().union(*told, *({pair.first, pair.second} for pair in apart)))


def _settled(result: CalibrationResult, direction: Direction) -> str:
    """That priors settle what the data do not: those of the group, or where these say nothing, those of others."""
    members = list(direction.members)
    has_prior = np.isinf(direction.error) or np.isfinite(result.parameters.deviation[members]).any()
    is_settled = has_prior and np.isfinite(result.identification.errors[members]).all()
    return " The priors settle it." if is_settled else ""


def _shared(result: CalibrationResult, told: set[int]) -> Iterator[str]:
    """A sentence on what is known only with others and was not told of yet."""
    found = result.identification
    rest = [n for n, s in enumerate(found.standings) if s is Standing.TOGETHER and n not in told]
    if rest:
        names = ", ".join(result.parameters.labels[number] for number in rest[:MOST_SENTENCES])
        more = f" and {len(rest) - MOST_SENTENCES} more" if len(rest) > MOST_SENTENCES else ""
        yield (
            f"Known only with others: {names}{more}. Were those known, standard errors would be "
            f"{min(found.inflation[rest]):.2g} times smaller or more."
        )


def _pair_sentence(result: CalibrationResult, pair: Pair) -> str:
    """How two estimates go together; of those that are hardly known apart, how much each would gain from the other."""
    first, second = (result.parameters.labels[number] for number in (pair.first, pair.second))
    if abs(pair.correlation) < STRONG_CORRELATION:
        return f"Correlation {pair.correlation:+.3f}: {first} and {second}."
    apart = 1 - pair.correlation**2
    gain = f"{1 / np.sqrt(apart):.3g} times smaller" if apart > 0 else "nothing"
    return (
        f"{first} and {second} are known only together (correlation {pair.correlation:+.3f}): were one of them known, "
        f"the standard error of the other would be {gain}."
    )


def _sentence(names: str, direction: Direction) -> str:
    alone = len(direction.members) == 1
    if np.isinf(direction.error):
        return f"The data do not tell {names}{'' if alone else ' apart: moved together, the fit stays the same'}."
    what = f"hardly tell {names}" if alone else f"hardly tell {names} apart"
    return f"The data {what}: one standard error is {direction.error:.2g} times the distance of the bounds."


# --- accuracy ---------------------------------------------------------------------------------------------------------


def _fit_row(item: Summary) -> tuple[str, ...]:
    return (
        item.series,
        str(item.elements),
        _percent(item.mean),
        _percent(item.median),
        _percent(item.worst),
        item.worst_element[len(item.series) :].strip("[]") if item.elements > 1 else "",
        _percent(item.total),
        _share(item.r2, 3),
        *(_share(part) for part in (item.u_mean, item.u_variation, item.u_covariation)),
        _percent(item.naive),
    )


def _holdout_row(item: Summary) -> tuple[str, ...]:
    return (
        item.series,
        str(item.elements),
        *(_percent(value) for value in (item.mean, item.median, item.total, item.naive, item.drift)),
        _answer(item),
    )


def _answer(item: Summary) -> str:
    rivals = {"no change": item.naive, "drift": item.drift}
    beaten = [name for name, error in rivals.items() if item.mean < error]
    return "better than both" if len(beaten) == 2 else f"better than {beaten[0]}" if beaten else "worse than naive"


def _percent(value: float) -> str:
    return f"{value:.2%}" if np.isfinite(value) else "-"


def _share(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


def progress_text(now: Progress) -> str:
    """A line about a fit that goes on."""
    start = f", start {now.start} of {now.starts}" if now.starts > 1 else ""
    return f"Fitting{start}: {now.evaluations} runs, {now.jacobians} Jacobians, misfit {now.misfit:,.6g}"
