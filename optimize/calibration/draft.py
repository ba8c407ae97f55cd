"""A calibration file to start from, for any model: what can be fitted, within which bounds, to which data.

What observes the model is looked for in the tables beside it; what can be fitted are the constants that those series
respond to, the strongest first, a few single numbers as entries and the others in comments. Bounds are those of a
parameter table beside the model, else the limits that the model file gives, else what its own values suggest: each with
its reason. Where no table observes the model, the file names one that is to be filled, and its columns.

Why few entries: a fit of everything to little data tells nothing, and the report would say so of each.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sd_models.errors import Fault, InvalidRequest, SimulationError
from sd_models.simulator.measures import Measure, Outcome
from sd_models.simulator.sensitivity import sensitivities
from sd_models.simulator.simulation import compile
from sd_models.system.model import Kind, System, Variable, key

from ..files.documents import toml_text
from ..files.provenance import files_of
from ..plans.candidates import SWITCH, Candidate, Survey, first_sentence, rounded
from .neighbours import Observing, Range, can_be_observed, observing, ranges_beside

MOST_FITTED = 3  # constants, as entries
MOST_SERIES = 6
MOST_LISTED = 30
MOST_MEASURED = 400  # constants whose strength is measured
CONVERSION = re.compile(r"\bconver(sion|ts?)\b", re.IGNORECASE)
WORDS = 90  # letters of a documentation in a comment
TO_FILL = "observations.csv"
HELD_OUT = 0.3  # of the times, where there are enough of them
LEAST_TIMES = 6  # for a hold-out
LEAST_STRENGTH = 1e-9  # in per cent; less is rounding


@dataclass(frozen=True)
class StartingCalibration:
    """A calibration as the content of a TOML file, and as the text of one; `missing` is the table to be filled."""

    content: Mapping[str, Any]
    text: str
    missing: str = ""

    def __str__(self) -> str:
        return self.text


def starting_calibration(system: System, *, folder: str | Path | None = None) -> StartingCalibration:
    """A calibration that runs as it is once its data are there; InvalidRequest for a model without constants to fit.

    A table beside the model is named as seen from `folder`, where the file is to lie; without one by its whole path.

    >>> import sd_models as sd
    >>> draft = starting_calibration(sd.load("urbanization"))
    >>> draft.content["series"][0]["variable"]
    'national urban share'
    """
    return _Draft(system, None if folder is None else Path(folder)).calibration()


@dataclass(frozen=True)
class _Fitted:
    """A constant that can be fitted: how strongly the series respond to it, in per cent for one, and its bounds."""

    candidate: Candidate
    strength: float
    lower: float
    upper: float
    reason: str

    @property
    def variable(self) -> Variable:
        """The constant."""
        return self.candidate.variable

    @property
    def is_given(self) -> bool:
        """Whether nobody would fit it: a switch, a conversion of units, what is decided."""
        words = f"{self.variable.name} {first_sentence(self.variable.documentation)}"
        return bool(SWITCH.search(words) or CONVERSION.search(words)) or self.candidate.is_named


@dataclass(frozen=True)
class _Draft:
    """A look at a model and at the tables beside it, made a calibration."""

    system: System
    folder: Path | None

    @cached_property
    def survey(self) -> Survey:
        return Survey(self.system)

    @cached_property
    def tables(self) -> tuple[Observing, ...]:
        """The tables that observe the model."""
        return observing(self.system, self.survey.grid.times)

    @property
    def table(self) -> Observing | None:
        """The one whose series are the entries."""
        return self.tables[0] if self.tables else None

    @cached_property
    def series(self) -> tuple[str, ...]:
        """The observed variables; without data those that tell most of the model."""
        if self.table is not None:
            return tuple(self.table.found)[:MOST_SERIES]
        goals = [goal.variable.name for goal in self.survey.goals]
        seen = [variable.name for variable in self.system if can_be_observed(self.system, variable)]
        return tuple(dict.fromkeys((*goals, *seen)))[:1]

    def calibration(self) -> StartingCalibration:
        fitted = self.fitted if self.series and self.survey.goals else ()
        if not fitted:
            advice = "Give a number inside an equation a name of its own: it can be fitted then."
            raise InvalidRequest(Fault("no constant moves anything in a run.", file=self.system.name, advice=advice))
        chosen = self._chosen(fitted)
        content = {
            "data": TO_FILL if self.table is None else self._place(self.table.path),
            **self._folder_entry(),
            **self._times(),
            "parameter": [{"name": one.variable.name, "lower": one.lower, "upper": one.upper} for one in chosen],
            "series": [self._entry(name) for name in self.series],
        }
        missing = TO_FILL if self.table is None else ""
        return StartingCalibration(content, "\n".join(self._lines(content, chosen, fitted)) + "\n", missing)

    # --- what can be fitted -----------------------------------------------------------------------------------------

    @cached_property
    def fitted(self) -> tuple[_Fitted, ...]:
        """The constants that can be fitted, those that the series respond to most first."""
        constants = [one for one in self.survey.candidates if one.variable.kind is not Kind.DATA]
        constants = [one for one in constants if np.isfinite(one.own).all()]
        strengths, ranges = self._strengths(constants), ranges_beside(self.system)
        found = [self._bounded(one, strengths.get(one.variable.name, 0.0), ranges) for one in constants]
        return tuple(sorted(found, key=lambda one: (one.is_given, -one.strength)))

    def _strengths(self, constants: Sequence[Candidate]) -> dict[str, float]:
        """The largest response of the mean of a series to one per cent of each constant, in per cent."""
        names = [one.variable.name for one in constants]
        simulator = compile(self.system, constants=names, outputs=self.series)
        if not names or len(names) > MOST_MEASURED or simulator.model.moving_end is not None:
            return {}
        try:
            found = sensitivities(simulator, [Outcome(name, Measure.MEAN) for name in self.series], constants=names)
        except SimulationError:
            return {}
        sizes = np.where(found.values == 0, 1.0, np.abs(found.values))
        return {
            one.variable.name: _strength(one, found.gradients[one.variable.name].to_numpy(), sizes) for one in constants
        }

    def _bounded(self, one: Candidate, strength: float, ranges: Mapping[str, Range]) -> _Fitted:
        low, high = float(one.own.min()), float(one.own.max())
        known = ranges.get(key(one.variable.name))
        if known is not None and known.low <= low and high <= known.high:
            return _Fitted(one, strength, known.low, known.high, f"the range in {known.file}")
        reason = one.lower.reason if one.lower.reason == one.upper.reason else f"{one.lower.reason}; {one.upper.reason}"
        return _Fitted(one, strength, min(one.lower.value, low), max(one.upper.value, high), reason)

    def _chosen(self, fitted: Sequence[_Fitted]) -> list[_Fitted]:
        """The entries: single numbers first, and only what moves a series."""
        moving = [one for one in fitted if one.strength > LEAST_STRENGTH] or list(fitted)
        plain = [one for one in moving if not one.is_given] or moving
        single = [one for one in plain if not one.variable.dimensions]
        return (single or sorted(plain, key=lambda one: len(one.candidate.own))[:1])[:MOST_FITTED]

    # --- what it is fitted to ---------------------------------------------------------------------------------------

    def _entry(self, name: str) -> dict[str, Any]:
        found = None if self.table is None else self.table.found[name].values
        path = self.survey.own[name] if found is None else found[np.isfinite(found)]
        rows = {} if self.table is None else dict(self.table.rows)
        return {"variable": name, **({"rows": rows} if rows else {}), "transform": "log" if path.min() > 0 else "level"}

    def _times(self) -> dict[str, Any]:
        """The window of the observations, and a hold-out where there are enough of them."""
        if self.table is None:
            return {}
        times = np.unique(np.concatenate([self.table.found[name].times for name in self.series]))
        window = {"from": rounded(float(times[0]), 12), "to": rounded(float(times[-1]), 12)}
        first = times[max(int((1 - HELD_OUT) * len(times)) - 1, 0)]
        seen = all((self.table.found[name].times <= first).any() for name in self.series)
        holdout = {"holdout": {"fit_to": rounded(float(first), 12)}} if len(times) >= LEAST_TIMES and seen else {}
        return {"window": window, **holdout}

    # --- files ------------------------------------------------------------------------------------------------------

    @cached_property
    def _data_folder(self) -> Path | None:
        """The one folder with all data of the model, beside its file or asked for."""
        if self.system.regions is not None:
            return self.system.regions.resolve()
        own = self.system.path.resolve() if self.system.path else None
        found = {path.resolve().parent for path in files_of(self.system) if path.resolve() != own} if own else set()
        only = next(iter(found)) if len(found) == 1 else None
        return only if only is not None and own is not None and only.parent == own.parent else None

    def _folder_entry(self) -> dict[str, str]:
        """The data folder, where it has to be named: beside the model by its name, any other by its path."""
        folder, own = self._data_folder, self.system.path
        is_used = self.table is not None and self.table.path.parent == folder
        if folder is None or not (is_used or self.system.regions):
            return {}
        is_beside = own is not None and folder.parent == own.resolve().parent
        return {"regions": folder.name if is_beside else str(folder)}

    def _place(self, path: Path) -> str:
        """A table of the data folder by its name; any other as seen from the folder of the file, or by its path."""
        if path.parent == self._data_folder:
            return path.name
        if self.folder is None:
            return str(path)
        try:
            return Path(os.path.relpath(path, self.folder.resolve())).as_posix()
        except ValueError:  # on another drive
            return str(path)

    # --- text -------------------------------------------------------------------------------------------------------

    def _lines(self, content: Mapping[str, Any], chosen: Sequence[_Fitted], fitted: Sequence[_Fitted]) -> Iterator[str]:
        name = self.system.path if self.system.path else self.system.name
        yield _comment(f"A calibration to start from for {self.system.name}. Change what it asks, then:")
        yield _comment(f"  prosperity calibrate {name} THIS_FILE")
        yield ""
        yield from self._about_data()
        yield toml_text({key: value for key, value in content.items() if key not in ("parameter", "series")})
        if "holdout" in content:
            yield _comment("A second fit, up to fit_to, is judged by what comes after.")
        yield from (
            "",
            _comment("--- what is fitted: its value, what a per cent of it moves, and where its bounds are from"),
        )
        for one, entry in zip(chosen, content["parameter"], strict=True):
            yield from ("", _comment(_told(one)), toml_text({"parameter": [entry]}))
        yield from ("", _comment("deviation = ...  would hold it near its own value: a prior, give or take that much"))
        yield from _listed("What else can be fitted:", [_told(one) for one in fitted if one not in chosen])
        yield from ("", _comment("--- what it is fitted to"))
        for entry in content["series"]:
            yield from ("", _comment(_about(self.system[entry["variable"]])), toml_text({"series": [entry]}))
        yield from ("", _comment("deviation = 0.01  is the standard error of an observation, of its logarithm for log"))
        yield from self._other_series()

    def _about_data(self) -> Iterator[str]:
        if self.table is not None:
            count = len(self.table.found)
            yield _comment(f"This table observes {count} variable{'' if count == 1 else 's'} by name. Check the units.")
            return
        dimensions = list(dict.fromkeys(d for name in self.series for d in self.system[name].dimensions))
        yield _comment("No table beside the model observes it. Fill this one, in the data folder or beside this file:")
        yield _comment(f"  time,{','.join((*dimensions, *self.series))}")
        yield _comment("one row for each time" + (" and element" if dimensions else "") + "; empty cells are missing.")

    def _other_series(self) -> Iterator[str]:
        """What else could be observed, or is so in other tables."""
        beside = [f"{name}, in {one.path.name}" for one in self.tables for name in one.found if name not in self.series]
        yield from _listed("What else tables beside the model observe:", list(dict.fromkeys(beside)))
        if self.table is None:
            rest = [v for v in self.system if can_be_observed(self.system, v) and v.name not in self.series]
            stocks_first = sorted(rest, key=lambda variable: variable.kind is not Kind.STOCK)
            yield from _listed("What else could be observed:", [_about(variable) for variable in stocks_first])


def _strength(one: Candidate, gradients: np.ndarray, sizes: np.ndarray) -> float:
    """The largest response of an outcome to one per cent of a constant, from its gradients (outcomes, elements)."""
    own = one.own[:, 0]
    each = np.abs(gradients.reshape(len(sizes), -1) * own).sum(axis=1) / sizes
    return float(np.nan_to_num(each, posinf=0.0).max(initial=0.0))


def _told(one: _Fitted) -> str:
    """A constant with its value, what it moves, and where its bounds come from."""
    low, high = float(one.candidate.own.min()), float(one.candidate.own.max())
    value = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    strength = one.strength if one.strength > LEAST_STRENGTH else 0.0
    return f"{_about(one.variable)} ({value}; {strength:.2g}%; {one.lower:.6g} to {one.upper:.6g}: {one.reason})"


def _about(variable: Variable) -> str:
    """A variable in one line: name, dimensions, unit, what it is."""
    over = f"[{', '.join(variable.dimensions)}]" if variable.dimensions else ""
    words = first_sentence(variable.documentation)[:WORDS]
    return ", ".join(part for part in (f"{variable.name}{over}", variable.unit, words) if part)


def _listed(title: str, entries: Sequence[str]) -> Iterable[str]:
    if not entries:
        return []
    more = [f"  ... and {len(entries) - MOST_LISTED} more"] if len(entries) > MOST_LISTED else []
    return ["", _comment(title), *(_comment(f"  {entry}") for entry in entries[:MOST_LISTED]), *map(_comment, more)]


def _comment(text: str) -> str:
    """A line that TOML leaves alone, whatever names hold."""
    return f"# {''.join(letter if letter.isprintable() else ' ' for letter in text)}"
