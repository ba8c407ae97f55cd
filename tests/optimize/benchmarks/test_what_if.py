"""The what-if page is measured in a browser, on a small model."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.browser import chromium

from optimize.benchmarks import what_if
from sd_models.errors import InvalidRequest


def test_a_page_is_dragged_and_its_figures_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A drag ends with a painted frame; the history has a line; what stands beside it took time as well."""
    chromium()
    path = tmp_path / "what_if.csv"
    what_if.main(["--model", "urbanization", "--drags", "5", "--history", str(path)])
    with path.open(encoding="utf-8", newline="") as file:
        (found,) = csv.DictReader(file)
    for name in ("first picture ms", "slider to frame ms, median", "run of the simulator ms", "page MB"):
        assert float(found[name]) > 0
    assert float(found["Matplotlib redraw ms, median"]) > 5
    assert "errors on the console, and requests" in capsys.readouterr().out


def test_a_missed_target_is_called_so() -> None:
    """By the slowest of a hundred, or by one fault on the console."""
    quick = what_if.Figures(
        1.0, 1.0, 100.0, np.full(100, 10.0), np.ones(3), False, np.full(5, 200.0), np.full(5, 20.0), ()
    )
    assert {target.verdict for target in quick.targets} == {"met"}
    slow = replace(quick, drags=np.append(np.full(90, 10.0), np.full(10, 90.0)), faults=("a request",))
    missed = {target.text for target in slow.targets if target.verdict == "missed"}
    assert missed == {"slider to frame, 95th percentile ms", "errors on the console, and requests"}


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Instead of a traceback of Playwright."""
    monkeypatch.setattr(what_if, "program", lambda: None)
    with pytest.raises(InvalidRequest, match="apt-get install chromium"):
        what_if.in_browser(tmp_path / "page.html", 1)
