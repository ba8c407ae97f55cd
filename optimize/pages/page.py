"""One what-if page as one file: script, style, model and data in it, and no request ever leaves it.

What a model says is data: JSON in which `<` is written as an escape, so that no name can end the element it stands in.
The policy of the page lets run only the scripts that were put into it, by their hashes, and allows no connection.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import System

from ..files.placement import check_target, write_whole
from ..plans.plan import Plan
from ..results.result import Result
from .bundling import BUNDLE
from .payload import Payload
from .subject import Subject, subject_of

HERE = Path(__file__).parent
TEMPLATE, STYLE = HERE / "page.html", HERE / "explore.css"
ENDINGS = (".html", ".htm")
WITHOUT = "This page computes a model in your browser, which needs JavaScript. 本页需要启用 JavaScript。"
START = "const whatIf = prosperity.explorePage(makeModel);"
MOST_BYTES = 40_000_000  # of a page; browsers open larger ones slowly
UNSAFE = ("</script", "<!--", "<script")


@dataclass(frozen=True)
class Page:
    """A page: its payload, and the whole as HTML."""

    payload: Payload
    html: str


def explore_page(
    model: System | Result, out: str | Path | None = None, *, plan: Plan | None = None, screened: Sequence[str] = ()
) -> str:
    """The what-if page of a model, or of the result of an optimization, as HTML; written to `out` where that is given.

    Without a plan it is the one beside a library model, else one to start from. `screened` names constants that come
    first, as a screening ranked them. InvalidRequest for a plan that does not fit, and for a model in which nothing can
    be changed; InvalidModel for one with functions that a browser cannot compute.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> page = opt.explore_page(sd.load("urbanization"))
    >>> page[:15], "connect-src 'none'" in page
    ('<!doctype html>', True)
    """
    if out is not None:
        check_target(Path(out), ENDINGS)
    page = written_page(subject_of(model, plan), screened).html
    if out is not None:
        write_whole(Path(out), lambda path: path.write_text(page, encoding="utf-8", newline="\n"))
    return page


def written_page(subject: Subject, screened: Sequence[str] = ()) -> Page:
    """The page of what is to be looked at; InvalidRequest for one that would be too large."""
    payload = Payload(subject, tuple(screened))
    html = html_of(payload.document)
    size = len(html.encode())
    if size > MOST_BYTES:
        found = f"its page would take {size / 1e6:.0f} MB; at most {MOST_BYTES / 1e6:.0f} MB are written."
        advice = "Take a coarser data folder (--regions), or a plan with fewer levers."
        raise InvalidRequest(Fault(found, file=subject.system.name, advice=advice))
    return Page(payload, html)


def html_of(document: Mapping[str, Any]) -> str:
    """A payload's document as the page that shows it."""
    model = document["model"]
    scripts = {
        "model": f"const makeModel=({model['text']});",
        "bundle": BUNDLE.read_text(encoding="utf-8"),
        "start": START,
    }
    _check_scripts(scripts)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        policy=content_policy(tuple(scripts.values())),
        title=escape(f"{document['label']['en']} – what if?"),
        style=STYLE.read_text(encoding="utf-8"),
        without=escape(WITHOUT),
        payload=embedded({**document, "model": {"data": model["data"]}}),
        **scripts,
    )


def embedded(document: Mapping[str, Any]) -> str:
    """A document as JSON that ends no element of HTML, whatever its texts hold.

    >>> embedded({"name": "</script><b>"})
    '{"name":"\\\\u003c/script\\\\u003e\\\\u003cb\\\\u003e"}'
    """
    text = json.dumps(document, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def content_policy(scripts: Sequence[str]) -> str:
    """What the page may do: run these scripts and a worker made of them, and nothing else; connect to nothing."""
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    rules = {
        "default-src": "'none'",
        "script-src": hashes,
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "worker-src": "blob:",
        "connect-src": "'none'",
        "form-action": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {rule}" for name, rule in rules.items())


def _digest(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode("ascii")


def _check_scripts(scripts: Mapping[str, str]) -> None:
    """A mistake of ours, if a script could end its own element."""
    for name, script in scripts.items():
        if any(mark in script.lower() for mark in UNSAFE):
            raise ValueError(f"the script {name!r} of a page holds what ends a script")
