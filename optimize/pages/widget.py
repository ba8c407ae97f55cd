"""The what-if as a widget of notebooks, by anywidget, which JupyterLab, VS Code, marimo and Colab can draw.

Only this module knows anywidget; the extra `notebook` brings it. What people settle on comes as the bytes of a policy
and constants by name; what Python sets goes the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from sd_models.errors import Fault, InvalidRequest, nearest_or_some
from sd_models.system.model import FloatArray

from ..problems.problem import Problem
from .bundling import BUNDLE
from .page import STYLE
from .payload import Payload

_DRAW = "\nexport default { render: prosperity.renderWidget };\n"


class Explore(anywidget.AnyWidget):
    """A what-if in a notebook. `policy` and `constants` are what people see now; `show` sets them.

    `observe(function, names="told")` hears of every scenario that somebody settles on.
    """

    _esm = BUNDLE.read_text(encoding="utf-8") + _DRAW
    _css = STYLE.read_text(encoding="utf-8")
    payload = traitlets.Dict().tag(sync=True)
    language = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Dict().tag(sync=True)
    told = traitlets.Dict().tag(sync=True)

    def __init__(self, payload: Payload, language: str = "") -> None:
        super().__init__(payload=payload.document, language=language)
        self._payload = payload

    def __repr__(self) -> str:
        return f"What-if of {self.problem.system.name}: sliders, in a notebook that runs."

    @property
    def problem(self) -> Problem:
        """The model and the plan that are explored."""
        return self._payload.subject.problem

    @property
    def x(self) -> FloatArray:
        """The policy as a vector of all levers, as solvers take it."""
        policy = (self.told or self.asked).get("policy")
        if policy is None:
            return self._payload.start
        return np.frombuffer(bytes(policy), dtype="<f8").astype(np.float64)

    @property
    def presets(self) -> Mapping[str, FloatArray]:
        """The policies that the page offers to start from, for `show`.

        `baseline`, and where there are any `even` (equal shares of what there is to spend) and `optimum`.
        """
        return self._payload.presets

    @property
    def policy(self) -> xr.Dataset:
        """The paths of the levers over the whole run, as `Result.policy` has them."""
        return self.problem.held_policy(self.x)

    @property
    def constants(self) -> dict[str, float]:
        """The constants that differ from the model's own, by name; of an array with the element in brackets."""
        return dict((self.told or self.asked).get("constants", {}))

    def show(
        self,
        policy: Mapping[str, xr.DataArray] | FloatArray | None = None,
        constants: Mapping[str, float] | None = None,
    ) -> None:
        """Set what is seen: a policy (`Result.policy`, paths by name, or a vector of all levers) and constants.

        What is not given stays. InvalidRequest for levers and constants that are not there, and for values out of the
        range that stands beside them.
        """
        x = self.x if policy is None else self._vector(policy)
        values = self.constants if constants is None else {name: float(value) for name, value in constants.items()}
        for name, value in values.items():
            self._check_constant(name, value)
        number = self.asked.get("number", 0) + 1  # so that the same policy can be shown again
        said = {"policy": x.astype("<f8").tobytes(), "constants": values, "number": number}
        with self.hold_sync():
            self.told = {}
            self.asked = said

    def _vector(self, policy: Mapping[str, xr.DataArray] | FloatArray) -> FloatArray:
        x = np.asarray(policy, dtype=np.float64) if isinstance(policy, np.ndarray) else self.problem.vector(policy)
        if x.shape != (self.problem.size,) or not np.isfinite(x).all():
            found = (
                f"the policy has the shape {x.shape}; expected {self.problem.size} finite numbers, or paths by name."
            )
            raise InvalidRequest(Fault(found, file=self.problem.system.name))
        outside = np.flatnonzero((x < self.problem.lower - _near(x)) | (x > self.problem.upper + _near(x)))
        if outside.size:
            first = int(outside[0])
            ends = f"{self.problem.lower[first]:g} to {self.problem.upper[first]:g}"
            found = (
                f"{outside.size} values of the policy are out of their bounds; the first is {x[first]:g}, not {ends}."
            )
            raise InvalidRequest(Fault(found, file=self.problem.system.name))
        return np.asarray(np.clip(x, self.problem.lower, self.problem.upper))

    def _check_constant(self, name: str, value: float) -> None:
        known: Mapping[str, Mapping[str, Any]] = {one["name"]: one for one in self.payload["constants"]}
        if name not in known:
            advice = nearest_or_some(name, known)
            raise InvalidRequest(Fault(f"{name!r} is no constant of this what-if.", advice=advice))
        low, high = known[name]["low"], known[name]["high"]
        if not low <= value <= high:
            raise InvalidRequest(Fault(f"{value:g} for {name!r} is out of its range, {low:g} to {high:g}."))


def _near(x: FloatArray) -> FloatArray:
    """What rounding may have moved."""
    return np.asarray(1e-9 * np.maximum(1.0, np.abs(x)))
