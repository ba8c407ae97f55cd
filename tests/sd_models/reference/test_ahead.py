"""PySD's run begun before its levers are known: the same numbers, and nothing where it cannot be."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import xarray as xr

import sd_models as sd
from sd_models.reference.ahead import Asked, ReplayAhead

TEXT = """{UTF-8}
Region: north, south ~~|
fund[Region] = INTEG(pay[Region] - 0.1 * fund[Region], 1) ~~|
pay[Region] = 2, 3 ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 8 ~~|
TIME STEP = 0.5 ~~|
SAVEPER = 0.5 ~~|
"""
TIMES, SINCE = [0.0, 4.0, 6.0], 4.0


def paths(*values: float) -> dict[str, xr.DataArray]:
    """What is paid, the same in both regions, from each of the times on."""
    rows = [[value, value] for value in values]
    return {"pay": xr.DataArray(rows, {"time": TIMES, "Region": ["north", "south"]}, ["time", "Region"])}


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """The fund with its own payments, from which a policy may differ from time 4 on."""
    (tmp_path / "fund.mdl").write_text(TEXT, encoding="utf-8")
    system = sd.load(tmp_path / "fund.mdl")
    return Asked(system, {}, ("fund", "pay"), sd.TimeSpan())


@pytest.fixture
def ahead(asked: Asked) -> Iterator[ReplayAhead]:
    """Its run, begun."""
    begun = ReplayAhead(asked, paths(2.0, 2.0, 2.0), SINCE)
    yield begun
    begun.close()


def test_it_is_the_run_of_the_reference(asked: Asked, ahead: ReplayAhead) -> None:
    """Bit for bit, notes included."""
    levers = paths(2.0, 5.0, 7.0)
    found = ahead.finish(levers)
    assert found is not None
    xr.testing.assert_identical(found, sd.replay(asked.system, levers=levers, outputs=asked.outputs))
    assert float(found["pay"].sel(time=7.5, Region="south")) == 7.0


def test_a_run_whose_levers_are_known_waits_for_nothing(asked: Asked) -> None:
    """The file without levers, say; other levers are not its own."""
    begun = ReplayAhead(asked, {})
    assert begun.finish(paths(2.0, 5.0, 7.0)) is None
    found = begun.finish({})
    begun.close()
    xr.testing.assert_identical(found, sd.replay(asked.system, outputs=asked.outputs))


@pytest.mark.parametrize("levers", [paths(2.5, 5.0, 7.0), {}])
def test_what_differs_before_is_not_taken(ahead: ReplayAhead, levers: dict[str, xr.DataArray]) -> None:
    assert ahead.finish(levers) is None


def test_a_process_that_ended_gives_nothing(ahead: ReplayAhead) -> None:
    ahead._process.kill()
    assert ahead.finish(paths(2.0, 5.0, 7.0)) is None


def test_a_process_that_does_not_work_is_not_waited_for(ahead: ReplayAhead, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped before it took what it was asked, or as it waits; one that works again answers."""
    monkeypatch.setattr("sd_models.reference.ahead.SILENT", 3)
    ahead._process.send_signal(signal.SIGSTOP)
    with pytest.raises(TimeoutError, match="has not worked for 3 seconds"):
        ahead.finish(paths(2.0, 5.0, 7.0))
    monkeypatch.undo()
    ahead._process.send_signal(signal.SIGCONT)
    assert ahead.finish(paths(2.0, 5.0, 7.0)) is not None


def test_a_run_that_fails_gives_nothing(asked: Asked, ahead: ReplayAhead) -> None:
    """Whoever wants to know why runs it again."""
    broken = paths(2.0, 5.0, 7.0)
    broken["pay"] = broken["pay"].where(broken["pay"]["time"] < 6.0)
    assert ahead.finish(broken) is None
    with pytest.raises(sd.ModelError, match="NaN"):
        sd.replay(asked.system, levers=broken)


def test_code_of_the_current_folder_does_not_run(asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan may come with files named like modules; also where the current folder is one to import from."""
    for name in ("pickle", "numpy", "runpy"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)
    for paths_here in ([*filter(None, sys.path)], ["", *filter(None, sys.path)]):
        monkeypatch.setattr(sys, "path", paths_here)
        begun = ReplayAhead(asked, paths(2.0, 2.0, 2.0), SINCE)
        assert begun.finish(paths(2.0, 5.0, 7.0)) is not None
        begun.close()
    assert not (tmp_path / "ran").exists()


def test_nothing_is_left_when_it_is_closed(asked: Asked) -> None:
    """Also where it has not taken what was asked yet."""
    begun = ReplayAhead(asked, paths(2.0, 2.0, 2.0), SINCE)
    begun.close()
    assert begun._process.poll() is not None
    assert not any(thread.is_alive() for thread in begun._threads)
