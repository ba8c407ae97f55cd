"""The page of a benchmark is looked at in a browser."""

from support.browser import browser, page

__all__ = ["browser", "page"]
