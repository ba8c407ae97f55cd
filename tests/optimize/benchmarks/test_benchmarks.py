"""Each benchmark measures what it says, on the smallest case, and appends its line."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sd_models as sd
from optimize.benchmarks import calibration, corpus, engine, growth
from optimize.benchmarks.generated_model import OUTCOME, STOCKS, write_model
from optimize.benchmarks.machine import peak_memory
from sd_models.system.model import Kind

MODELS = Path(__file__).parents[2] / "models"


def line(path: Path) -> dict[str, str]:
    """The only line of a history."""
    with path.open(encoding="utf-8", newline="") as file:
        (found,) = csv.DictReader(file)
    return found


def test_engines_are_timed_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ours, with numbers and with datasets, on the model with four regions."""
    monkeypatch.setattr(engine, "ENGINES", [replace(one, turns=1) for one in (engine.OURS, engine.LABELLED)])
    path = tmp_path / "engine.csv"
    engine.main(["--regions", "4", "--history", str(path)])
    found = line(path)
    for name in ("sd_models", "sd_models, datasets"):
        assert 0 < float(found[f"{name}, 4 regions, run ms"]) < float(found[f"{name}, 4 regions, gradient ms"])
        assert float(found[f"{name}, 4 regions, peak MB"]) > 50
    assert "gradient over run, 4 regions" in capsys.readouterr().out


def test_an_engine_that_fails_spoils_no_other() -> None:
    """Its fault is told; what is missing meets no target."""
    broken = engine.Engine("broken", ("no_such_module",), engine.Compiled)
    (found,) = engine.measure(2, [broken])
    assert "ModuleNotFoundError" in found.fault
    results = engine.Results([found])
    assert engine.targets(results) == []
    assert not [name for name in engine.figures(results) if "run ms" in name]


def test_the_generated_model_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    """Constants beside it or inside, it has nine stocks a region and runs to the same end."""
    ends = []
    for inline in (False, True):
        system = sd.load(write_model(tmp_path, 3, steps=8, inline=inline))
        own = [variable for variable in system.of_kind(Kind.STOCK) if not variable.origin]
        assert len(own) == STOCKS
        ends.append(float(sd.simulate(system)[OUTCOME][-1]))
    assert ends[0] == ends[1]


@pytest.mark.slow
def test_growth_is_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Time and memory with one region."""
    path = tmp_path / "history.csv"
    growth.main(["--regions", "1", "--seconds", "60", "--history", str(path)])
    found = line(path)
    assert 0 < float(found["10 levers in 1 regions, ipm, s"]) < 60
    assert float(found["10 levers in 1 regions, ipm, GiB"]) > 0.05
    assert "optimal" in capsys.readouterr().out


def test_a_fit_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exact Jacobians reach what difference quotients reach; the others get no time here."""
    monkeypatch.setattr(calibration, "PATIENCE", 5.0)
    path = tmp_path / "calibration.csv"
    calibration.main(["urbanization", "--history", str(path)])
    found = line(path)
    ours = float(found["urbanization, exact Jacobians (ours), misfit"])
    assert ours == pytest.approx(float(found["urbanization, difference quotients, misfit"]), rel=1e-3)
    assert "observations" in capsys.readouterr().out


def test_a_folder_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One model that meets what was published, one that does not, and one without anything published."""
    for name, added in (("right", 0.0), ("wrong", 1.0), ("alone", None)):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        path = folder / "stocks.mdl"
        path.write_bytes((MODELS / "stocks.mdl").read_bytes())
        if added is not None:
            run = {key: values + added for key, values in corpus.series(corpus.run_ours(path)).items()}
            pd.DataFrame(run).to_csv(folder / "output.csv", index_label="time")
    history = tmp_path / "corpus.csv"
    corpus.main([str(tmp_path / "models"), "--history", str(history)])
    found = line(history)
    assert [found[f"models, Vensim, {name}"] for name in ("files", "run", "agree with published")] == ["3", "3", "1"]
    assert not [name for name in found if "PySD" in name]
    assert "differs" in capsys.readouterr().out


@pytest.mark.parametrize("module", ["engine", "growth", "calibration", "corpus"])
def test_a_benchmark_is_a_program(module: str) -> None:
    """`python -m optimize.benchmarks.NAME` says what it can do."""
    command = [sys.executable, "-m", f"optimize.benchmarks.{module}", "--help"]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert "--history" in found.stdout


def test_the_memory_of_a_process_is_told_in_bytes() -> None:
    """This one holds NumPy and CasADi: between fifty million and a hundred thousand million."""
    assert 5e7 < peak_memory() < 1e11
