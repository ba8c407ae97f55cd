"""axe-core, which finds what keeps people with screen readers and keyboards out of a page.

It is fetched by npm when a test asks for it, and not kept here: its licence (MPL) is not ours.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest
from playwright.sync_api import Page

VERSION = "^4.10.0"


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script; the test is skipped where npm cannot fetch it."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs axe-core, which npm fetches: there is no npm on this machine")
    words = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", f"axe-core@{VERSION}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"needs axe-core, which npm could not fetch: {done.stderr.strip()[:200]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def findings(page: Page, script: str, *, within: str = "html") -> list[str]:
    """What axe finds on a page as it is now: rule, help and where, a line each."""
    page.evaluate(script)
    found: list[dict[str, object]] = page.evaluate("async (within) => (await axe.run(within)).violations", within)
    return [f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes']]}" for one in found]  # type: ignore[attr-defined, index]
