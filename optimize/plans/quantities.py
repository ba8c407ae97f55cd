"""The outcomes of a plan: numbers made of a run, each the weighted sum over time of one element of a variable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sd_models.system.model import FloatArray, IndexArray, System

from .horizon import Window, Windows


@dataclass(frozen=True, eq=False)
class Quantities:
    """Outcomes by number: `elements` are (variable, flat element), `windows` the numbers of their windows in `over`.

    The value of an outcome is its window's weights times the path of its element.
    """

    elements: tuple[tuple[str, int], ...]
    windows: IndexArray
    over: Windows

    @property
    def weights(self) -> FloatArray:
        """The weights of each window (windows, points of the horizon)."""
        return self.over.weights

    def __len__(self) -> int:
        return len(self.elements)


@dataclass
class Registry:
    """Collects outcomes, each once."""

    points: int
    numbers: dict[tuple[str, int, int], int] = field(default_factory=dict)
    windows: dict[Window, int] = field(default_factory=dict)
    weights: list[FloatArray] = field(default_factory=list)

    def add(self, variable: str, elements: IndexArray, windows: Windows) -> IndexArray:
        """The numbers (elements, windows) of the outcomes of some elements of a variable in some windows."""
        columns = [self._number(*one) for one in zip(windows.each, windows.weights, strict=True)]
        found = [
            [self.numbers.setdefault((variable, int(element), column), len(self.numbers)) for column in columns]
            for element in elements
        ]
        return np.array(found, dtype=np.int64).reshape(len(elements), len(columns))

    def done(self) -> Quantities:
        """All that was collected."""
        return Quantities(
            tuple((variable, element) for variable, element, _ in self.numbers),
            np.array([window for _, _, window in self.numbers], dtype=np.int64),
            Windows(tuple(self.windows), np.array(self.weights).reshape(len(self.weights), self.points)),
        )

    def _number(self, window: Window, weights: FloatArray) -> int:
        if window not in self.windows:
            self.windows[window] = len(self.weights)
            self.weights.append(weights)
        return self.windows[window]


def unit_of_integral(unit: str, time: str) -> str:
    """The unit of an integral over time, in the modeller's words.

    >>> [unit_of_integral(unit, "Year") for unit in ("money/year", "ton", "1/Year", "Dmnl", "yuan/(person*Year)")]
    ['money', 'ton*Year', 'Dmnl', 'Year', 'yuan/(person*Year)*Year']
    """
    if not time:
        return unit
    if unit in ("", "Dmnl", "1"):
        return time
    per = f"/{time}"
    if not unit.lower().endswith(per.lower()):
        return f"{unit}*{time}"
    left = unit[: -len(per)].strip()
    return "Dmnl" if left in ("", "1") else left


def time_unit(system: System) -> str:
    """The unit of time of a model, empty where it gives none."""
    return system["TIME STEP"].unit if "TIME STEP" in system else ""
