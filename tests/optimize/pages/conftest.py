"""Pages are tested in a browser."""

from __future__ import annotations

from support.browser import browser, page

__all__ = ["browser", "page"]
