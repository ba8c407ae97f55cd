"""A calibration as files: estimates, fit and hold-out as CSV, everything as JSON, and a figure of each series."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..files.provenance import provenance
from ..files.storage import finite, write_json, write_picture, write_table
from .accuracy import Rated, summaries
from .estimation import CalibrationResult, Score
from .figures import plot_series
from .fitting import ADVICE
from .identification import described


def estimate_rows(result: CalibrationResult) -> list[dict[str, Any]]:
    """One row for each parameter; NaN where there is no prior, or a bound holds the estimate."""
    parameters, found = result.parameters, result.identification
    return [
        {
            "parameter": parameters.blocks[parameters.block[i]].variable,
            "element": label,
            "unit": result.system[parameters.blocks[parameters.block[i]].variable].unit,
            "estimate": float(result.fit.values[i]),
            "standard_error": float(found.errors[i]),
            "lower": float(parameters.lower[i]),
            "upper": float(parameters.upper[i]),
            "start": float(parameters.start[i]),
            "prior": float(parameters.prior[i]),
            "prior_deviation": float(parameters.deviation[i]),
            "standing": str(found.standings[i]),
            "error_inflation": float(found.inflation[i]),
            "together_with": _partner(result, i),
        }
        for i, label in enumerate(parameters.labels)
    ]


def _partner(result: CalibrationResult, place: int) -> str | None:
    """The parameter without which an estimate is hardly known; None where it is known by itself, or not at all."""
    partner = result.identification.partners[place]
    return None if partner is None else result.parameters.labels[partner.number]


def accuracy_rows(rated: Iterable[Rated]) -> list[dict[str, Any]]:
    """One row for each series and element."""
    return [
        {
            "series": item.series,
            "element": item.element,
            **asdict(item.accuracy),
            "naive_mape": item.naive,
            "drift_mape": item.drift,
        }
        for item in rated
    ]


def comparison_rows(score: Score, part: str) -> list[dict[str, Any]]:
    """One row for each observation, beside what the run gives."""
    return [
        {
            "part": part,
            "series": target.asked.title,
            "element": target.labels[place],
            "time": float(target.times[time]),
            "observed": float(target.values[time, place]),
            "simulated": float(simulated[time, place]),
        }
        for target, simulated in zip(score.targets, score.simulated, strict=True)
        for time, place in np.argwhere(np.isfinite(target.values))
    ]


def calibration_document(result: CalibrationResult) -> dict[str, Any]:
    """Everything as one JSON object; numbers that are not finite are null."""
    parameters, fit, found = result.parameters, result.fit, result.identification
    held = result.holdout
    document: dict[str, Any] = finite(
        {
            "model": result.system.name,
            "status": str(fit.ending),
            "advice": ADVICE[fit.ending],
            "misfit": fit.misfit,
            "misfit_at_start": fit.misfit_at_start,
            "misfit_of_starts": list(fit.misfits),
            "parameters": len(parameters),
            "observations": len(fit.residuals) - int(np.isfinite(parameters.deviation).sum()),
            "residual_variance": found.variance,
            "evaluations": fit.evaluations,
            "jacobians": fit.jacobians,
            "seed": result.calibration.seed,
            "starts": result.calibration.starts,
            "estimates": estimate_rows(result),
            "not_told_apart": [
                {
                    "parameters": [parameters.labels[member] for member in direction.members],
                    "parts": list(direction.parts),
                    "standard_error": direction.error,
                    "silent": math.isinf(direction.error),
                    "text": described(parameters, direction),
                }
                for direction in found.directions
            ],
            "correlations": [
                {
                    "first": parameters.labels[p.first],
                    "second": parameters.labels[p.second],
                    "correlation": p.correlation,
                }
                for p in found.pairs
            ],
            "summary": [asdict(item) for item in summaries(result.score.rated)],
            "fit": accuracy_rows(result.score.rated),
            "holdout": held
            and {
                "status": str(held.fit.ending),
                **result.calibration.model_dump(include={"holdout"}, by_alias=True)["holdout"],
                "summary": [{**asdict(item), "beats_naive": item.beats_naive} for item in summaries(held.rated)],
                "fit": accuracy_rows(held.rated),
            },
            "seconds": dict(result.seconds),
            "notes": list(result.notes),
            "provenance": provenance((result.places.model, result.places.calibration, *result.places.tables)),
        }
    )
    return document


# --- files ------------------------------------------------------------------------------------------------------------


def write_calibration(result: CalibrationResult, folder: Path) -> list[Path]:
    """Writes all files of a calibration into a folder, each whole or not at all; the files."""
    folder.mkdir(exist_ok=True)
    tables = {
        "estimates.csv": estimate_rows(result),
        "fit.csv": accuracy_rows(result.score.rated),
        "comparison.csv": comparison_rows(result.score, "fit"),
    }
    if result.holdout:
        tables["holdout.csv"] = accuracy_rows(result.holdout.rated)
        tables["comparison.csv"] += comparison_rows(result.holdout, "holdout")
    written = [write_table(folder / name, rows) for name, rows in tables.items()]
    report = write_json(folder / "report.json", calibration_document(result))
    return [*written, report, *(_write_picture(result, place, folder) for place in range(len(result.score.targets)))]


def _write_picture(result: CalibrationResult, place: int, folder: Path) -> Path:
    title = result.score.targets[place].asked.title
    name = f"{re.sub(r'[^0-9a-z]+', '_', title.casefold()).strip('_') or place}.png"
    return write_picture(folder / name, plot_series(result, place))
