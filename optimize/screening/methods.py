"""Designs of runs and what follows from them, by SALib (Herman and Usher 2017, Journal of Open Source Software 2).

Morris (1991, Technometrics 33) with the measures of Campolongo, Cariboni and Saltelli (2007): few runs, ranks many
parameters. Sobol with Saltelli's estimators (2010): many runs, shares of the variance. Runs come in groups that stand
or fall together: a trajectory of Morris, a base point of Sobol with its mixtures.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray, Mask

LEVELS = 4  # of Morris' grid, as Campolongo, Cariboni and Saltelli (2007) recommend


class Method(Protocol):
    """A design of runs and its analysis."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What it says about each parameter; the first ranks them."""

    def group(self, parameters: int) -> int:
        """The number of runs that stand or fall together."""

    def design(self, parameters: int, samples: int, seed: int) -> FloatArray:
        """Fractions of the ranges, (runs, parameters), group after group."""

    def analyse(self, design: FloatArray, values: FloatArray, seed: int) -> Mapping[str, FloatArray]:
        """The columns, each with a number for each parameter."""


@dataclass(frozen=True, slots=True)
class Morris:
    """Elementary effects: `effect` is the mean size of the change of the outcome over a parameter's whole range.

    `direction` is the mean with its sign, `spread` the standard deviation: large beside the effect means that the
    effect depends on the other parameters. `error` is half the 95% confidence interval of `effect`.
    """

    name: str = "morris"
    columns: tuple[str, ...] = ("effect", "error", "direction", "spread")

    def group(self, parameters: int) -> int:
        """A trajectory changes one parameter after the other."""
        return parameters + 1

    def design(self, parameters: int, samples: int, seed: int) -> FloatArray:
        """Random trajectories on a grid of four levels."""
        from SALib.sample import morris

        return np.asarray(morris.sample(_problem(parameters), samples, num_levels=LEVELS, seed=seed))

    def analyse(self, design: FloatArray, values: FloatArray, seed: int) -> Mapping[str, FloatArray]:
        """Means and spreads of the elementary effects."""
        from SALib.analyze import morris

        found = morris.analyze(_problem(design.shape[1]), design, values, num_levels=LEVELS, seed=seed)
        names = ("mu_star", "mu_star_conf", "mu", "sigma")
        return {column: _plain(found[name]) for column, name in zip(self.columns, names, strict=True)}


@dataclass(frozen=True, slots=True)
class Sobol:
    """Shares of the variance: `total` with all interactions, `alone` without; each with half its 95% interval."""

    name: str = "sobol"
    columns: tuple[str, ...] = ("total", "total_error", "alone", "alone_error")

    def group(self, parameters: int) -> int:
        """A base point, its mixtures with a second one in each parameter, and that one."""
        return parameters + 2

    def design(self, parameters: int, samples: int, seed: int) -> FloatArray:
        """Saltelli's scheme; `samples` is a power of two."""
        from SALib.sample import sobol

        if samples & (samples - 1):
            advice = f"Take {1 << samples.bit_length()}."
            raise InvalidRequest(Fault(f"Sobol's method takes a power of two; found {samples} samples.", advice=advice))
        design = sobol.sample(_problem(parameters), samples, calc_second_order=False, seed=seed)
        return np.asarray(design)

    def analyse(self, design: FloatArray, values: FloatArray, seed: int) -> Mapping[str, FloatArray]:
        """First-order and total indices."""
        from SALib.analyze import sobol

        if not np.ptp(values):
            return {column: np.zeros(design.shape[1]) for column in self.columns}
        found = sobol.analyze(_problem(design.shape[1]), values, calc_second_order=False, seed=seed)
        names = ("ST", "ST_conf", "S1", "S1_conf")
        return {column: _plain(found[name]) for column, name in zip(self.columns, names, strict=True)}


_ALL: tuple[Method, ...] = (Morris(), Sobol())
METHODS: Mapping[str, Method] = {method.name: method for method in _ALL}


def method_of(name: str) -> Method:
    """The method of that name; InvalidRequest where SALib is missing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import SALib  # noqa: F401 - whether it is there
    except ImportError as error:
        advice = "Install it: pip install 'common-prosperity[screening]'."
        raise InvalidRequest(Fault("screening needs SALib, which is not installed.", advice=advice)) from error
    return METHODS[name]


def complete(group: int, finite: npt.ArrayLike) -> Mask:
    """Which runs belong to groups all of whose runs are numbers.

    >>> complete(2, [True, True, True, False]).tolist()
    [True, True, False, False]
    """
    whole = np.asarray(finite, dtype=bool).reshape(-1, group).all(axis=1)
    return np.repeat(whole, group)


def _problem(parameters: int) -> dict[str, Any]:
    return {"num_vars": parameters, "names": [str(i) for i in range(parameters)], "bounds": [[0.0, 1.0]] * parameters}


def _plain(values: Any) -> FloatArray:
    return np.asarray(np.ma.filled(values, np.nan), dtype=np.float64)
