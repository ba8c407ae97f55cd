"""This Python once more, in a process of its own, for a module of ours.

Why not `python -m` alone: that looks for every module in the current folder first, and a plan that came with a
`pickle.py` beside it would run that.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def command(module: str, *words: str) -> list[str]:
    """What starts a module with these words, wherever the current folder is."""
    return [sys.executable, "-P", "-m", module, *words]


def environment() -> dict[str, str]:
    """Where what is imported here is found there, whatever way it was made known: the current folder is the last."""
    here = [str(Path.cwd())] if "" in sys.path else []
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), *here])}
