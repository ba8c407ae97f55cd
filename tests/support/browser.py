"""Chromium for tests of what people see: Debian's or any other that is installed, driven by Playwright.

A test that needs it takes the fixture `page`: a blank page, which fails the test on any message of an error on its
console and on any request that leaves it. Without Chromium such a test is skipped, and says so.

Why a browser for each module, and not for a session: Playwright keeps an event loop running in the thread as long as it
is there, which tests of notebooks cannot have.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from optimize.benchmarks.chromium import NAMES, QUIET, program

INSIDE = ("about:", "data:", "blob:", "file:")  # addresses that ask nobody
SIZES = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


def chromium() -> str:
    """The program; the test is skipped where there is none."""
    found = program()
    if found is None:
        pytest.skip(f"needs Chromium: none of {', '.join(NAMES)} is on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window, and without requests of its own."""
    path = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A blank page of the size of a screen; afterwards nothing was asked of the network and no error reported."""
    opened = browser.new_page(viewport=SIZES["wide"])
    offences: list[str] = []
    opened.on("console", lambda told: offences.append(told.text) if told.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: offences.append(str(error)))
    opened.on("request", lambda asked: None if asked.url.startswith(INSIDE) else offences.append(asked.url))
    yield opened
    opened.close()
    assert not offences


def show(page: Page, folder: Path, content: str) -> None:
    """Open a document as a file, as people do who were sent it."""
    path = folder / "page.html"
    path.write_text(content, encoding="utf-8")
    page.goto(path.as_uri())
