"""All charts with numbers as people meet them, in both languages, and with what models of others bring."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page
from support.browser import SIZES, show
from support.gallery import Chart, charts, document, edges

GALLERIES = {"en": charts("en"), "zh": charts("zh"), "edges": edges()}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", GALLERIES)
def test_every_chart_is_drawn(name: str, size: str, page: Page, tmp_path: Path) -> None:
    """Without a message of an error, without a number that is none, and not wider than the window."""
    shown: dict[str, Chart] = GALLERIES[name]
    page.set_viewport_size(SIZES[size])
    show(page, tmp_path, document(shown, "zh" if name == "zh" else "en"))
    assert page.locator("figure > svg").count() == len(shown)
    assert "NaN" not in page.evaluate("document.querySelector('main').outerHTML")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
