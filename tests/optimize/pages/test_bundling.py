"""The committed bundle is of the committed sources, and carries the licences of what is in it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from optimize.pages import bundling
from sd_models.errors import InvalidRequest

ROOT = Path(bundling.__file__).parents[2]
ISC = "Permission to use is hereby granted."


def package(folder: Path, name: str, license_text: str) -> Path:
    """An installed package with its licence."""
    home = folder / "node_modules" / name
    home.mkdir(parents=True)
    about = {"name": name, "version": "1.2.3", "license": "ISC"}
    (home / "package.json").write_text(json.dumps(about), encoding="utf-8")
    (home / "LICENSE").write_text(license_text, encoding="utf-8")
    return home


def test_the_bundle_is_of_these_sources() -> None:
    """Whoever changes a source renews the bundle."""
    first = bundling.BUNDLE.read_text(encoding="utf-8").partition("\n")[0]
    assert first == bundling.first_line(), "run: python -m optimize.pages.bundling"


def test_the_bundle_carries_the_licences() -> None:
    """As a file beside it and in itself: a page that holds the bundle holds them too."""
    told = bundling.LICENSES.read_text(encoding="utf-8")
    comment = bundling.BUNDLE.read_text(encoding="utf-8").rpartition("/*!")[2]
    assert [line.strip() for line in told.splitlines() if line] == [
        line.strip() for line in comment.splitlines()[1:-1] if line.strip()
    ]


def test_every_package_that_sources_import_is_licensed() -> None:
    """Each import of a name that is no path is one of these packages."""
    told = bundling.LICENSES.read_text(encoding="utf-8")
    for path in bundling.source_files():
        for name in re.findall(r"^import .* from \"([^./][^\"]*)\"", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert re.search(rf"^{re.escape(name)} \d", told, re.MULTILINE), (path, name)


def test_the_bundle_can_stand_inside_a_page() -> None:
    """ASCII letters only, and nothing that would end its element."""
    text = bundling.BUNDLE.read_text(encoding="utf-8")
    assert text.isascii()
    assert "</script" not in text.lower()
    assert "<!--" not in text


def test_the_fingerprint_tells_every_change(tmp_path: Path) -> None:
    """Of a letter, of a name, of a new file; not of line ends, which git may turn."""
    (tmp_path / "one.js").write_bytes(b"let a = 1;\nlet b = 2;\n")
    before = bundling.fingerprint(tmp_path)
    (tmp_path / "one.js").write_bytes(b"let a = 1;\r\nlet b = 2;\r\n")
    assert bundling.fingerprint(tmp_path) == before
    (tmp_path / "one.js").write_bytes(b"let a = 1;\nlet b = 3;\n")
    changed = bundling.fingerprint(tmp_path)
    (tmp_path / "one.js").rename(tmp_path / "two.js")
    renamed = bundling.fingerprint(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "three.js").write_text("", encoding="utf-8")
    assert len({before, changed, renamed, bundling.fingerprint(tmp_path)}) == 4


def test_licences_that_read_alike_are_told_once(tmp_path: Path) -> None:
    """Below everybody whom they are of, with the holders of the copyright."""
    packages = [
        package(tmp_path, "one", f"Copyright 2020 A\n\n{ISC}\n"),
        package(tmp_path, "two", f"Copyright 2021 B\n\n{ISC}\n"),
        package(tmp_path, "three", "Do what you want."),
    ]
    told = bundling.licenses(packages)
    assert told.count(ISC) == 1
    assert "one 1.2.3 (ISC): Copyright 2020 A\ntwo 1.2.3 (ISC): Copyright 2021 B\n" in told
    assert "three 1.2.3 (ISC)" in told


def test_a_package_without_a_licence_is_refused(tmp_path: Path) -> None:
    """By its name."""
    home = package(tmp_path, "one", "")
    (home / "LICENSE").unlink()
    with pytest.raises(InvalidRequest, match="one: has no file with its licence"):
        bundling.licenses([home])


def test_only_packages_of_which_something_was_taken_count(tmp_path: Path) -> None:
    """As esbuild tells it; packages inside of packages and with an owner too."""
    inputs = {
        "drawing/lines.js": 9,
        "node_modules/d3-scale/src/linear.js": 9,
        "node_modules/d3-sankey/node_modules/d3-path/src/path.js": 9,
        "node_modules/@some/one/index.js": 9,
        "node_modules/unused/index.js": 0,
    }
    outputs = {"out.js": {"inputs": {name: {"bytesInOutput": size} for name, size in inputs.items()}}}
    (tmp_path / "meta.json").write_text(json.dumps({"outputs": outputs}), encoding="utf-8")
    found = [path.relative_to(tmp_path).as_posix() for path in bundling.bundled_packages(tmp_path / "meta.json")]
    assert found == [
        "node_modules/@some/one",
        "node_modules/d3-sankey/node_modules/d3-path",
        "node_modules/d3-scale",
    ]


def test_without_npm_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In one sentence."""
    monkeypatch.setattr(bundling.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit, match=r"npm is not on this machine.*Install node"):
        bundling.main([])
    assert not list(tmp_path.iterdir())


def test_what_npm_says_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is written then."""
    failed = subprocess.CompletedProcess([], 1, "", "no such package")
    monkeypatch.setattr(bundling.shutil, "which", lambda _: "npm")
    monkeypatch.setattr(bundling.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(InvalidRequest, match="npm install failed: no such package"):
        bundling.bundle(script=tmp_path / "bundle" / "x.js", texts=tmp_path / "bundle" / "y.txt")
    assert not list(tmp_path.iterdir())
