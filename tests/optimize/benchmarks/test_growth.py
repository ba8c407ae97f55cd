"""Growth with regions: what is run, and what is kept of it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from optimize.benchmarks import growth


@pytest.mark.slow
def test_a_run_is_shown_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One region, one measure, decided once."""
    history = tmp_path / "growth.csv"
    words = ["--regions", "1", "--measures", "1", "--every", "25", "--seconds", "120", "--history", str(history)]
    growth.main(words)
    assert "1 measures, decided every 25 years" in capsys.readouterr().out
    (line,) = csv.DictReader(history.read_text(encoding="utf-8").splitlines())
    assert 0.0 < float(line["1 levers in 1 regions, ipm, s"]) < 120.0
    assert float(line["1 levers in 1 regions, ipm, GiB"]) > 0.05
