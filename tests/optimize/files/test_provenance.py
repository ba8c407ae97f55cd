r"""What tells the files of a result from others; a Vensim sketch stands between `\\\---///` and `///---\\\`."""

from __future__ import annotations

from pathlib import Path

import sd_models as sd
from optimize.files.provenance import digest, digest_of, is_file_of

MODEL = """{UTF-8}
people = INTEG(births, 10) ~ person ~|
births = 0.1 * people ~ person/Year ~|
INITIAL TIME = 0 ~ Year ~|
FINAL TIME = 4 ~ Year ~|
TIME STEP = 1 ~ Year ~|
SAVEPER = 1 ~ Year ~|
"""
EMPTY = "\\\\\\---/// Sketch information - do not modify anything except names\nV300\n*View 1\n"
SETTINGS = "///---\\\\\\\n:L\x7f<%^E!@\n15:0,0,0,0,0,0\n"


def written(path: Path, text: str) -> str:
    """The hash of a file with this text."""
    path.write_text(text, encoding="utf-8", newline="")
    return digest(path)


def drawn(path: Path, text: str) -> str:
    """The text of a file with a sketch of ours."""
    path.write_text(text, encoding="utf-8", newline="")
    return sd.diagram(sd.load(path), "vensim")


def test_a_drawing_is_no_part_of_a_vensim_model(tmp_path: Path) -> None:
    """Drawn, drawn anew, or not at all; what was kept of a whole file before still fits it."""
    path = tmp_path / "people.mdl"
    for text in (MODEL, MODEL + EMPTY + SETTINGS):
        sketched = drawn(path, text)
        assert sketched != text
        assert written(path, sketched) == written(path, text)
    assert is_file_of(path, digest(path))
    assert is_file_of(path, digest_of(path.read_bytes()))
    assert not is_file_of(path, None)


def test_equations_and_settings_are_part_of_it(tmp_path: Path) -> None:
    """Wherever they change; and so are views of XMILE."""
    path = tmp_path / "people.mdl"
    text = drawn(path, MODEL + EMPTY + SETTINGS)
    before = written(path, text)
    assert written(path, text.replace("0.1", "0.2")) != before
    assert written(path, text.replace("15:0", "15:1")) != before
    assert written(tmp_path / "people.xmile", text) != before
