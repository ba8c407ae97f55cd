"""What pages load from other hosts: nothing may. Links that people follow are no matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_OTHER = re.compile(r"\s*(?:https?:|wss?:)?//", re.IGNORECASE)
_OF_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
LOADED = {  # attributes whose address a browser asks for without being told to
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "input": ("src",),
    "form": ("action",),
}
WITHOUT_REQUEST = ("canonical", "next", "prev", "alternate")  # links that say something, and load nothing


def foreign_of_site(site: Path) -> Iterator[tuple[str, str]]:
    """The pages and style sheets of a site that load something from elsewhere, with its address."""
    for path in sorted(path for path in site.rglob("*") if path.suffix in (".html", ".css")):
        text = path.read_text(encoding="utf-8")
        for address in foreign(text) if path.suffix == ".html" else foreign_of_style(text):
            yield str(path.relative_to(site)), address


def foreign(page: str) -> list[str]:
    """What a page loads from other hosts.

    >>> foreign('<a href="https://a.org"></a><script src="//b.org/x.js"></script><p style="color: url(http://c.org)">')
    ['//b.org/x.js', 'http://c.org']
    """
    reader = _Reader()
    reader.feed(page)
    return reader.found


def foreign_of_style(text: str) -> list[str]:
    """What a style sheet loads from other hosts.

    >>> foreign_of_style("@import 'https://a.org/x.css'; b { background: url(data:image/svg+xml;x) }")
    ['https://a.org/x.css']
    """
    return _OF_STYLE.findall(text)


class _Reader(HTMLParser):
    """Collects what the tags of a page load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.in_style = tag == "style"
        self.found += foreign_of_style(given.get("style", ""))
        if tag == "link" and given.get("rel") in WITHOUT_REQUEST:
            return
        addresses = (given.get(name, "") for name in LOADED.get(tag, ()))
        self.found += [address for address in addresses if _OTHER.match(address)]

    def handle_data(self, data: str) -> None:
        self.found += foreign_of_style(data) if self.in_style else []
