"""`prosperity diagram`: a file with diagrams, or a sentence that says why not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import sd_models as sd
from optimize.command_line.commands import main
from sd_models.reading.library import model_path

MODELS = Path(__file__).parents[2] / "models"


def test_a_picture_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the name of the model where no file is named; a line for each view says what is in it."""
    monkeypatch.chdir(tmp_path)
    assert main(["diagram", "urbanization"]) == 0
    assert (tmp_path / "urbanization-diagram.svg").read_text(encoding="utf-8").startswith("<svg")
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Written: urbanization-diagram.svg (7 views)."
    assert printed[1].startswith("  Urbanization: ") or "People" in "".join(printed)


def test_a_model_is_written_in_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own file gets the views; it runs as before, and its data are still found."""
    folder = shutil.copytree(model_path("urbanization").parent, tmp_path / "towns")
    file = folder / "model.mdl"
    before = list(map(str, sd.load(file)))
    assert main(["diagram", str(file), "--format", "vensim", "--out", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    assert text.count("\n*") - text.count("\n**") == 7
    assert list(map(str, sd.load(file))) == before
    assert "data files" not in capsys.readouterr().err


def test_the_ending_says_the_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model elsewhere gets a note that its data stay behind."""
    assert main(["diagram", "urbanization", "--out", str(tmp_path / "towns.mdl")]) == 0
    assert "The model reads data files" in capsys.readouterr().err
    assert main(["diagram", str(MODELS / "modules.xmile"), "--out", str(tmp_path / "modules.xmile")]) == 0
    assert "<views>" in (tmp_path / "modules.xmile").read_text(encoding="utf-8")


def test_json_says_what_was_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, with the views and their sizes."""
    out = tmp_path / "people.svg"
    assert main(["diagram", "urbanization", "--group", "people", "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["file"] == str(out)
    assert document["format"] == "svg"
    (view,) = document["views"]
    assert view["name"] == "People"
    assert view["variables"] == 11


BAD = {
    "no model": (["diagram"], "Missing argument"),
    "no such file": (["diagram", "FOLDER/none.mdl"], "there is no such file"),
    "unknown view": (["diagram", "urbanization", "--view", "Poeple"], "Did you mean 'People'?"),
    "unknown format": (["diagram", "urbanization", "--format", "dot"], "Write one of vensim, xmile, svg."),
    "other ending": (["diagram", "urbanization", "--out", "FOLDER/x.pdf"], "Give it one of the endings"),
    "ending of another format": (["diagram", "urbanization", "--format", "svg", "--out", "FOLDER/x.mdl"], ".svg"),
    "no such folder": (["diagram", "urbanization", "--out", "FOLDER/none/x.svg"], "its folder does not exist"),
    "a folder": (["diagram", "urbanization", "--out", "FOLDER"], "FOLDER"),
    "xmile of a vensim file": (["diagram", "urbanization", "--format", "xmile"], "equations are not translated"),
    "vensim of an xmile file": (["diagram", "XMILE", "--format", "vensim"], "equations are not translated"),
    "one view of an xmile file": (["diagram", "XMILE", "--format", "xmile", "--view", "supply"], "Leave out --view"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_sentence_and_status_2(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error; nothing is printed else, and nothing written."""
    arguments, told = (BAD[case][0], BAD[case][1].replace("FOLDER", str(tmp_path)))
    given = [
        text.replace("XMILE", str(MODELS / "modules.xmile")).replace("FOLDER", str(tmp_path)) for text in arguments
    ]
    assert main(given) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert "Traceback" not in printed.err
    assert not printed.out
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_model_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is put in place when it is whole."""
    file = tmp_path / "groups.mdl"
    shutil.copy(MODELS / "groups.mdl", file)
    before = file.read_bytes()

    def full(_: Path, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert main(["diagram", str(file), "--out", str(file)]) == 2
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
