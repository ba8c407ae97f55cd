"""`document`: the reference of a model as one file of HTML without a script, which asks nobody for anything.

All that the model says is escaped: names are texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template

from ..diagrams.drawing import draw
from ..diagrams.svg import svg
from ..system.model import System, Variable
from .assessment import Assessment

HERE = Path(__file__).parent
ALL = "Variables"  # the heading of those that the file puts in no group
GROUP = "group: "  # before the name of a group, which may be that of a variable too


def document(system: System) -> str:
    """The reference of a model: what is counted and checked of it, its diagrams, and every variable with its equation,
    unit and comment, what it uses and what uses it.

    >>> import sd_models as sd
    >>> page = sd.document(sd.load("urbanization"))
    >>> page[:15], "spreading speed = 0.0729" in page
    ('<!doctype html>', True)
    """
    return page_of(Assessment(system))


def page_of(found: Assessment) -> str:
    """The page of a model that is assessed."""
    return Template((HERE / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(found.system.name),
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        body="\n".join(_body(found)),
    )


def _body(found: Assessment) -> Iterator[str]:
    system, groups = found.system, found.groups
    yield f"<h1>{escape(system.name)}</h1>"
    yield _table(found.rows)
    if system.notes:
        yield f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in system.notes)}</ul>"
    headings = {name: name or ALL for name in groups}
    yield f"<nav>{', '.join(_link(heading, GROUP + heading) for heading in headings.values())}</nav>"
    views = {view.name: view for view in draw(system)}
    for group, variables in groups.items():
        yield f'<h2 id="{_anchor(f"{GROUP}{headings[group]}")}">{escape(headings[group])}</h2>'
        if group in views:
            yield f"<figure>{svg([views.pop(group)])}</figure>"
        for variable in variables:
            yield from _entry(found, variable)
    if views:
        yield '<h2 id="diagrams">Diagrams</h2>'
        yield f"<figure>{svg(list(views.values()))}</figure>"


def _entry(found: Assessment, variable: Variable) -> Iterator[str]:
    """A variable: its equations, what it says, what it uses and what uses it."""
    remarks = variable.remarks
    yield f'<section id="{_anchor(variable.name)}"><h3>{escape(variable.title)}</h3>'
    yield f"<pre>{escape(chr(10).join(variable.equation_lines))}</pre>"
    if comment := remarks.pop("documentation", ""):
        yield f"<p>{escape(comment)}</p>"
    others = [escape(f"{label}: {text}") for label, text in remarks.items()]
    for label, names in (("uses", found.uses[variable.name]), ("used by", found.used_by[variable.name])):
        if names:
            others.append(f"{label}: {', '.join(_link(name, name) for name in names)}")
    yield f"<ul>{''.join(f'<li>{other}</li>' for other in others)}</ul></section>"


def _table(rows: Iterator[tuple[str, str]]) -> str:
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{''.join(lines)}</table>"


def _link(name: str, target: str) -> str:
    return f'<a href="#{_anchor(target)}">{escape(name)}</a>'


def _anchor(name: str) -> str:
    """A place on the page: letters and digits as they are, all else by its number, so that no two names share one."""
    return escape("".join(c if c.isalnum() else f"-{ord(c):x}-" for c in name))
