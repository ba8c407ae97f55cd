"""A report as one file: text, tables, charts and what draws them, and no request ever leaves it.

All that a model or a plan says is escaped: names are texts. The policy of the page lets run only the scripts that were
put into it, by their hashes, and allows no connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import count
from pathlib import Path
from string import Template

from sd_models.errors import Fault, InvalidRequest

from ..files.placement import check_target, write_whole
from ..files.storage import finite
from ..pages.bundling import BUNDLE
from ..pages.page import ENDINGS, content_policy, embedded
from ..results.folder import load_result
from ..results.result import Result
from .blocks import Block, Chart, Folded, Listing, Paragraph, Report, Section, Table
from .content import report_of
from .words import speaker_in

FEWEST_COLUMNS, MOST_CARDS = 5, 40  # of a table whose rows are cards on a phone
HERE = Path(__file__).parent
TEMPLATE, STYLE = HERE / "report.html", HERE / "report.css"
START = 'const report = prosperity.reportPage(JSON.parse(document.getElementById("charts").textContent));'
MOST_BYTES = 5_000_000


def report(*results: Result | str | Path, language: str = "en", out: str | Path | None = None) -> str:
    """The report of a result (or of the folder of one) as one page of HTML; written to `out` where that is given.

    InvalidRequest for a language that there is not, and for folders that hold no result.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> page = opt.report(result, language="zh")
    >>> page[:15], "connect-src 'none'" in page
    ('<!doctype html>', True)
    """
    if out is not None:
        check_target(Path(out), ENDINGS)
    page = written(results, language)
    if out is not None:
        write_whole(Path(out), lambda path: path.write_text(page, encoding="utf-8", newline="\n"))
    return page


def written(results: Sequence[Result | str | Path], language: str) -> str:
    """The page of results, the first of which is reported."""
    if not results:
        raise InvalidRequest(Fault("there is no result to report.", advice="Give a result, or the folder of one."))
    first, *others = (one if isinstance(one, Result) else load_result(one) for one in results)
    return page_of(report_of(first, language, others=others), first)


def page_of(found: Report, result: Result) -> str:
    """The page of a report; InvalidRequest for one that would be too large."""
    html = html_of(found)
    size = len(html.encode())
    if size > MOST_BYTES:
        told = f"its page would take {size / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f} MB are written."
        advice = "Take a coarser data folder (--regions), or a plan with fewer levers."
        raise InvalidRequest(Fault(told, file=str(result.provenance["model"]), advice=advice))
    return html


def html_of(found: Report, start: str = START) -> str:
    """A report as HTML; `start` is the script that begins when all is there."""
    bundle = BUNDLE.read_text(encoding="utf-8")
    charts = [{"kind": one.kind, "specification": finite(one.specification)} for one in found.charts]
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        language={"zh": "zh-CN"}.get(found.language, found.language),
        policy=content_policy((bundle, start)),
        title=escape(found.title),
        style=STYLE.read_text(encoding="utf-8"),
        body="\n".join(_body(found)),
        charts=embedded({"language": found.language, "charts": charts}),
        bundle=bundle,
        start=start,
    )


def _body(found: Report) -> Iterator[str]:
    said = speaker_in(found.language)
    if found.warning:
        yield f'<p class="warning">{escape(found.warning)}</p>'
    yield f"<h1>{escape(found.title)}</h1>"
    yield f'<ul class="about">{"".join(f"<li>{escape(one)}</li>" for one in found.about)}</ul>'
    if found.sentences:
        yield f'<ol class="sentences">{"".join(f"<li>{escape(one)}</li>" for one in found.sentences)}</ol>'
    without = said.say("without_script")
    yield f"<noscript><p>{escape(without)}</p></noscript>"
    yield from _groups(found)
    numbers = count()
    for section in found.sections:
        yield from _section(section, numbers)


def _groups(found: Report) -> Iterator[str]:
    """What chooses one of several groups of sections."""
    names = list(dict.fromkeys(section.group for section in found.sections if section.group))
    if len(names) > 1:
        options = "".join(f'<option value="{escape(name)}">{escape(name)}</option>' for name in names)
        every = escape(speaker_in(found.language).say("all_groups"))
        yield f'<p class="groups"><select aria-label="{every}"><option value="">{every}</option>{options}</select></p>'


def _section(section: Section, numbers: Iterator[int]) -> Iterator[str]:
    group = f' data-group="{escape(section.group)}"' if section.group else ""
    yield f'<section id="{section.name}"{group} aria-labelledby="{section.name}-heading">'
    yield f'<h2 id="{section.name}-heading">{escape(section.heading)}</h2>'
    for block in section.blocks:
        yield from _block(block, numbers)
    yield "</section>"


def _block(block: Block, numbers: Iterator[int]) -> Iterator[str]:
    match block:
        case Paragraph(text=text, kind="code"):
            yield f'<pre class="code">{escape(text)}</pre>'
        case Paragraph(text=text, kind=kind):
            yield f"<p{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{escape(text)}</p>"
        case Listing(items=items):
            yield f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
        case Table():
            yield from _table(block)
        case Chart():
            yield f'<div class="chart" data-chart="{next(numbers)}"></div>'
        case Folded(summary=summary, blocks=inner):
            yield f"<details><summary>{escape(summary)}</summary>"
            for one in inner:
                yield from _block(one, numbers)
            yield "</details>"


def _table(table: Table) -> Iterator[str]:
    """A table that can be scrolled where it is wider than the page, by keys too.

    Of a few rows with many columns each row is a card on a phone, where each cell tells its column: nothing of it is
    out of sight there.
    """
    is_cards = len(table.headers) >= FEWEST_COLUMNS and len(table.rows) <= MOST_CARDS
    heads_told = table.headers if is_cards else ()
    first_number = len(table.headers) - table.numbers
    yield f'<div class="table" tabindex="0" role="group" aria-label="{escape(table.caption)}">'
    yield f'<table class="plain{" cards" if is_cards else ""}"><caption>{escape(table.caption)}</caption>'
    heads = (_head(text, "number" if at >= first_number else "") for at, text in enumerate(table.headers))
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
    for number, row in enumerate(table.rows):
        yield _row(row, first_number, heads_told, is_strong=number >= len(table.rows) - table.strong)
    yield "</tbody></table></div>"


def _head(text: str, kind: str) -> str:
    return f'<th scope="col"{_classed(kind)}>{escape(text)}</th>' if text else f"<td{_classed(kind)}></td>"


def _classed(names: str) -> str:
    """The attribute of a class; none where there is none: tables have thousands of cells."""
    return f' class="{names.strip()}"' if names.strip() else ""


def _row(cells: Sequence[str], first_number: int, heads: Sequence[str], *, is_strong: bool) -> str:
    inner = " inner" if cells[0].startswith("  ") else ""
    strong = " strong" if is_strong else ""
    told = [f'<th scope="row"{_classed(inner + strong)}>{escape(cells[0].strip())}</th>']
    for at, cell in enumerate(cells[1:], start=1):
        kind = "number" if at >= first_number else ""
        head = f' data-head="{escape(heads[at])}"' if heads and cell else ""
        told.append(f"<td{_classed(kind + strong)}{head}>{escape(cell)}</td>")
    return f"<tr>{''.join(told)}</tr>"
