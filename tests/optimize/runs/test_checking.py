"""`check` says what a model holds, what cannot be compiled, how units are, and how far its run is from PySD's."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimize.runs import checking
from optimize.runs.checking import check, check_document
from sd_models.errors import Fault, SimulationError, UnreadableModel


def test_a_model_that_can_be_compiled_passes(lakes_file: Path) -> None:
    """With its contents, unit findings, and no gap to PySD."""
    answer = check(lakes_file)
    assert answer.passed
    assert answer.gap is not None
    assert answer.gap.small
    document = check_document(answer)
    assert document["variables"] == 11
    assert document["stocks"] == 1
    assert document["dimensions"] == {"region": 3, "coast": 2}
    assert document["functions"] == ["*", "+", "-", "SUM"]
    assert [finding["variable"] for finding in document["units"]] == ["price$"]
    assert set(document["seconds"]) == {"compile", "compiled_run", "pysd_run"}


def test_functions_that_cannot_be_compiled_are_listed_with_line_and_reason(folder: Path) -> None:
    """The check does not pass, and says that PySD can run the model."""
    answer = check(folder / "allocated.mdl")
    assert not answer.passed
    assert [(item.variable, item.function, item.line) for item in answer.unsupported] == [
        ("shipments", "ALLOCATE AVAILABLE", 7),
        ("noise", "RANDOM NORMAL", 8),
    ]
    assert all(item.reason for item in answer.unsupported)
    assert any("--engine pysd" in note for note in answer.notes)
    document = check_document(answer)
    assert document["variables"] == 9
    assert document["stocks"] == 0
    assert document["dimensions"] == {"user": 2, "pprofile": 4}
    assert document["functions"] == ["ALLOCATE AVAILABLE", "RANDOM NORMAL"]
    assert "request" in {finding["variable"] for finding in document["units"]}


def test_a_runge_kutta_model_is_compared_by_eulers_method(folder: Path) -> None:
    """PySD has no other, and a note says so."""
    text = """<?xml version="1.0" encoding="utf-8"?>
    <xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
    <header><vendor>x</vendor><product version="1">y</product></header>
    <sim_specs method="RK4"><start>0</start><stop>3</stop><dt>0.5</dt></sim_specs>
    <model><variables>
    <stock name="level"><eqn>1</eqn><inflow>growth</inflow></stock>
    <flow name="growth"><eqn>level * 0.3</eqn></flow>
    </variables></model></xmile>"""
    path = folder / "curve.xmile"
    path.write_text(text.strip(), encoding="utf-8")
    answer = check(path)
    assert answer.passed
    assert any("Euler" in note for note in answer.notes)


def test_models_that_are_none_or_stop_raise(folder: Path) -> None:
    """A check answers about models; what is none is bad input."""
    with pytest.raises(UnreadableModel):
        check(folder / "missing.mdl")
    with pytest.raises(SimulationError):
        check(folder / "stopping.mdl")


CONTROLS = "INITIAL TIME = 0 ~~|\nFINAL TIME = 2 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = TIME STEP ~~|\n"


def test_what_pysd_computes_otherwise_is_left_out_of_the_gap(tmp_path: Path) -> None:
    """With what follows from it; notes say which and why, also in JSON."""
    path = tmp_path / "case.mdl"
    path.write_text(f"x = (-3) ^ 2 ~~|\ny = x + 1 ~~|\nz = Time ~~|\n{CONTROLS}", encoding="utf-8")
    answer = check(path)
    assert answer.passed
    assert answer.gap is not None
    assert answer.gap.variables == 5
    notes = " ".join(check_document(answer)["notes"])
    assert "Not compared with PySD: x, since PySD loses the parentheses" in notes
    assert "otherwise: y." in notes


def test_no_gap_is_told_where_nothing_is_compared(tmp_path: Path) -> None:
    """An agreement on times alone is none."""
    path = tmp_path / "case.mdl"
    path.write_text(f"x = (-3) ^ 2 ~~|\n{CONTROLS}", encoding="utf-8")
    answer = check(path)
    assert answer.gap is None
    assert check_document(answer)["replay_gap"] is None
    assert any("Nothing is left to compare" in note for note in answer.notes)


def interrupting(*_given: object, **_named: object) -> None:
    """What PySD does when somebody does not want to wait."""
    raise KeyboardInterrupt


def failing(*_given: object, **_named: object) -> None:
    """What PySD does with a model that it cannot run."""
    raise SimulationError(Fault("PySD cannot run it: no reason given."))


def test_what_is_known_stands_when_pysd_is_interrupted(lakes_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents, unit findings and seconds are answered, and a note says that the comparison is missing."""
    monkeypatch.setattr(checking, "replay", interrupting)
    answer = check(lakes_file)
    assert answer.interrupted
    assert answer.gap is None
    assert answer.contents is not None
    assert [finding.variable for finding in answer.units] == ["price$"]
    document = check_document(answer)
    assert document["replay_gap"] is None
    assert document["seconds"]["compile"] is not None
    assert document["notes"] == [checking.INTERRUPTED]


def test_what_is_known_stands_when_pysd_fails(lakes_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is a note."""
    monkeypatch.setattr(checking, "replay", failing)
    answer = check(lakes_file)
    assert not answer.interrupted
    assert answer.contents is not None
    assert any("no reason given" in note for note in answer.notes)


def test_who_waits_is_told_what_is_known_and_what_is_done(lakes_file: Path, folder: Path) -> None:
    """Whether it can be compiled is said before PySD begins."""
    told: list[str] = []
    check(lakes_file, watch=told.append)
    assert told == [
        "Compiling it",
        "Compiled and run. PySD reads and translates the file",
        "Compiled and run. PySD runs its translation",
    ]
    told.clear()
    check(folder / "allocated.mdl", watch=told.append)
    assert told[0] == "It cannot be compiled. PySD reads and translates the file"


def test_what_pysd_is_given_instead_is_said(folder: Path) -> None:
    """Its run is that of another model than the file's."""
    controls = "INITIAL TIME = 0 ~~|\nFINAL TIME = 10 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|\n"
    path = folder / "pulses.mdl"
    path.write_text("{UTF-8}\np = PULSE TRAIN(1, 1, 3, 8) ~~|\n" + controls, encoding="utf-8")
    assert check(path).was_given


def test_what_has_no_path_is_named() -> None:
    """Tables stand in the file and in no run: what reads them is compared."""
    answer = check("urbanization")
    assert answer.contents is not None
    assert answer.gap is not None
    (told,) = (note for note in answer.notes if note.startswith("Not compared with PySD, since they are tables"))
    named = told.split(": ")[-1].split(", ")
    assert answer.gap.variables + len(named) == answer.contents.variables


def test_why_pysd_cannot_run_a_model_is_said_once(folder: Path) -> None:
    """And what to do instead stands with the function."""
    answer = check(folder / "allocated.mdl")
    assert all(item.advice for item in answer.unsupported)
    fault = Fault("PySD cannot run it: no reason given.", file="m.mdl", advice="`prosperity check` lists it.")
    assert checking._why_not(fault) == "m.mdl: PySD cannot run it: no reason given."
