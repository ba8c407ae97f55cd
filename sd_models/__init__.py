"""System dynamics: from a model file to equations, runs and exact gradients."""

from .library import library, load
from .sensitivity import Measure, Outcome, Sensitivities, sensitivities
from .simulation import Simulator, compile, simulate
from .timing import TimeSpan

__all__ = [
    "Measure",
    "Outcome",
    "Sensitivities",
    "Simulator",
    "TimeSpan",
    "compile",
    "library",
    "load",
    "sensitivities",
    "simulate",
]
