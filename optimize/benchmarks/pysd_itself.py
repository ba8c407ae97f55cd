"""PySD as its own users call it.

Why not `sd.replay`: it reads under a guard, refuses what PySD would run, and steps stock by stock. That is right for a
reference, and wrong for a comparison, in which the other one has to be at its best. PySD runs code that a model file
carries, so this is for models that are trusted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd


class PysdSession:
    """A model that is open in PySD: generated Python on xarray."""

    def __init__(self, model: Path, outcome: str) -> None:
        import pysd

        self.model, self.outcome = pysd.read_vensim(str(model)), outcome

    def run(self) -> float:
        """The last value of the outcome, of a run that returns nothing else."""
        return float(self.model.run(return_columns=[self.outcome])[self.outcome].iloc[-1])

    def gradient(self) -> float:
        """It has none."""
        return 0.0


def run_in_pysd(path: Path, data: Sequence[Path] = ()) -> pd.DataFrame:
    """A run of a model file with a column for each element, on a copy of its folder: PySD writes beside the model."""
    import pysd

    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(path.parent, folder, dirs_exist_ok=True)
        read = pysd.read_vensim if path.suffix.lower() == ".mdl" else pysd.read_xmile
        options = {"data_files": [str(file) for file in data]} if data else {}
        run: pd.DataFrame = read(str(Path(folder) / path.name), **options).run(flatten_output=True)
    return run
