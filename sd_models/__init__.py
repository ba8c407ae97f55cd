"""System dynamics: from a model file to equations, runs and exact gradients."""

from .library import library, load
from .simulation import Simulator, compile, simulate
from .timing import TimeSpan

__all__ = ["Simulator", "TimeSpan", "compile", "library", "load", "simulate"]
