"""A what-if page in a browser: opened, asked for its numbers, and moved as people move it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page

from sd_models.system.model import FloatArray

OUTPUTS = """({mine, view, payload}) => payload.outcomes.map(({row, count}) => Array.from(view.saved, (place) => {
  const first = place * view.width + row;
  return Array.from(mine.outputs.subarray(first, first + count));
}))"""


def opened(page: Page, folder: Path, html: str, *, part: str = "", language: str = "en") -> Page:
    """The page, opened as a file, in a language; `part` is what stands behind the address."""
    page.set_default_timeout(5000)
    path = folder / "what-if.html"
    path.write_text(html, encoding="utf-8")
    page.goto("about:blank")  # else another part of the same address loads nothing
    page.goto(path.as_uri() + part)
    if language == "zh":
        page.get_by_role("button", name="中文").click()
    return page


def session(page: Page, expression: str) -> Any:
    """What an expression of the page's `session` says."""
    return page.evaluate(f"(({{session}}) => {expression})(whatIf)")


def policy(page: Page) -> FloatArray:
    """The levers of the scenario on the page."""
    return np.array(session(page, "Array.from(session.mine.x)"))


def outcomes(page: Page) -> dict[str, FloatArray]:
    """The outcomes of the scenario on the page, (times, elements), in the model's units."""
    names = session(page, "session.payload.outcomes.map((one) => one.variable)")
    values = page.evaluate(f"({OUTPUTS})(whatIf.session)")
    return {name: np.array(value, dtype=np.float64) for name, value in zip(names, values, strict=True)}


def summary(page: Page) -> str:
    """The sentence at the top."""
    return page.locator(".summary .told").inner_text()


def slider(page: Page, label: str) -> Locator:
    """The slider of that name."""
    return page.get_by_role("slider", name=label, exact=True)


def box(page: Page, label: str) -> Locator:
    """The field of that name for typing."""
    return page.get_by_role("textbox", name=label, exact=True)


def typed(page: Page, label: str, text: str) -> None:
    """Types into a field and leaves it."""
    box(page, label).fill(text)
    box(page, label).press("Enter")
