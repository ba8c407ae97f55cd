"""The JavaScript of our pages in one file: `python -m optimize.pages.bundling`.

Needs npm and the internet; users of the package need neither, since the bundle is committed. Its first line holds a
hash of the sources, and a test compares the two: whoever changes a source renews the bundle. The licences of all
that is bundled stand beside it and at its end, so that every page which carries the bundle carries them too.

Why esbuild and no lock file: one tool without settings, which drops what is not used. Versions are ranges; which ones
were taken stands with the licences, and what is shipped is the bundle, not the ranges.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from sd_models.errors import Fault, InvalidRequest, ModelError

from ..files.placement import write_whole

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
BUNDLE = HERE / "bundle" / "prosperity.js"
LICENSES = HERE / "bundle" / "LICENSES.txt"
NAME = "prosperity"  # the global variable that holds everything which `main.js` exports
MINUTES = 5  # that npm may take
PACKAGE = re.compile(r".*node_modules/(@[^/]+/)?[^/]+")


def source_files(sources: Path = SOURCES) -> list[Path]:
    """Our modules and what they need of others, in the order of their names."""
    return sorted(path for path in sources.rglob("*") if path.suffix in (".js", ".json") and path.is_file())


def fingerprint(sources: Path = SOURCES) -> str:
    """The hash of names and contents of all sources, with line ends as git keeps them."""
    summed = sha256()
    for path in source_files(sources):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        summed.update(f"{path.relative_to(sources).as_posix()} {len(content)}\n".encode() + content)
    return summed.hexdigest()


def first_line(sources: Path = SOURCES) -> str:
    """What a bundle of these sources begins with."""
    return f"// {NAME}: bundled from sources with the sha256 {fingerprint(sources)}"


def licenses(packages: Iterable[Path]) -> str:
    """The licences of installed packages, each text once, below the names, versions and holders whom it is of."""
    owners: dict[str, list[str]] = {}
    for package in packages:
        about = json.loads((package / "package.json").read_text(encoding="utf-8"))
        lines = _license_file(package).read_text(encoding="utf-8").strip().splitlines()
        holders = "; ".join(line.strip() for line in lines if line.startswith("Copyright"))
        text = "\n".join(line.strip() for line in lines if not line.startswith("Copyright")).strip()
        owners.setdefault(text, []).append(f"{about['name']} {about['version']} ({about['license']}): {holders}")
    return "\n\n\n".join("\n".join(sorted(set(names))) + f"\n\n{text}" for text, names in owners.items()) + "\n"


def _license_file(package: Path) -> Path:
    found = sorted(package.glob("LICEN[CS]E*"))
    if not found:
        advice = "Find its licence and see whether it may be bundled, or use another package."
        raise InvalidRequest(Fault("has no file with its licence.", file=package.name, advice=advice))
    return found[0]


def bundled_packages(metafile: Path) -> list[Path]:
    """The folders of the packages of which esbuild took something, as it tells itself."""
    outputs = json.loads(metafile.read_text(encoding="utf-8"))["outputs"].values()
    taken = {name for output in outputs for name, part in output["inputs"].items() if part["bytesInOutput"]}
    found = (PACKAGE.match(name) for name in taken)
    return sorted({metafile.parent / match[0] for match in found if match})


def bundle(sources: Path = SOURCES, script: Path = BUNDLE, texts: Path = LICENSES) -> None:
    """Write the bundle of the sources, and the licences; InvalidRequest where npm or esbuild fails."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "sources"
        shutil.copytree(sources, work, ignore=shutil.ignore_patterns("node_modules"))
        run_npm(work, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
        run_npm(work, "exec", "--", "esbuild", "main.js", *_options())
        told = licenses(bundled_packages(work / "meta.json"))
        code = (work / "out.js").read_text(encoding="utf-8").strip()
    comment = "\n".join(f"  {line}".rstrip() for line in told.strip().splitlines())
    whole = f"{first_line(sources)}\n{code}\n/*! What is in here of others:\n\n{comment}\n*/\n"
    script.parent.mkdir(parents=True, exist_ok=True)
    _write(script, whole)
    _write(texts, told)


def _write(path: Path, text: str) -> None:
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def _options() -> tuple[str, ...]:
    return (
        "--bundle",
        "--minify",
        "--format=iife",
        f"--global-name={NAME}",
        "--charset=ascii",
        "--legal-comments=none",
        "--outfile=out.js",
        "--metafile=meta.json",
        "--log-level=warning",
    )


def run_npm(folder: Path, *words: str) -> None:
    """Run npm in a folder; InvalidRequest where there is none or where it fails, with what it said."""
    npm = shutil.which("npm")
    if npm is None:
        raise InvalidRequest(
            Fault("npm is not on this machine.", advice="Install node 20 or newer, which comes with it.")
        )
    done = subprocess.run([npm, *words], cwd=folder, capture_output=True, text=True, timeout=60 * MINUTES, check=False)  # noqa: S603 - our words
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise InvalidRequest(Fault(f"npm {words[0]} failed: {said}", advice="Is the internet within reach?"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments (there are none), write the bundle, say how large it is."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(
        arguments
    )
    try:
        bundle()
    except ModelError as error:
        raise SystemExit(str(error)) from error
    print(f"{BUNDLE}: {BUNDLE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
