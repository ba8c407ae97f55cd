"""What `prosperity report` does once its arguments are read."""

from __future__ import annotations

from pathlib import Path

from sd_models.errors import Fault, InvalidRequest

from ..files.placement import check_target, shortened, write_whole
from ..pages.page import ENDINGS
from ..reports.content import report_of
from ..reports.page import page_of
from ..reports.words import speaker_in
from ..results.export import save_tables
from ..results.folder import load_result
from . import console
from .progress import working
from .requests import ReportRequest, Status

TABLES = ("", ".xlsx", ".csv")  # what is asked for by these endings is tables, and no page
NAME = 100  # bytes of a folder's name in that of a file


def answer_report(request: ReportRequest) -> Status:
    """Writes the page, and says where it is and what comes first on it."""
    speaker_in(request.language)
    if request.out is not None and request.out.suffix.lower() in TABLES:
        return _tables(request, request.out)
    out = request.out or Path(f"{shortened(request.runs[0].resolve().name, NAME)}-report.html")
    check_target(out, ENDINGS)
    with working("Reading the result"):
        first, *others = [load_result(run) for run in request.runs]
    with working("Following the gain from the baseline to the policy"):
        found = report_of(first, request.language, others=others)
    html = page_of(found, first)
    console.tell_replaced(out)
    write_whole(out, lambda path: path.write_text(html, encoding="utf-8", newline="\n"))
    size = len(html.encode())
    told = [text for text in (found.warning, *found.sentences) if text]
    if request.json:
        console.print_json({"page": str(out), "bytes": size, "title": found.title, "sentences": told})
    else:
        for text in (found.title, *told):
            console.print_text(text)
        console.print_text(
            f"Written: {out.absolute()} ({size / 1e6:.1f} MB). Open it in a browser; it needs nothing else."
        )
    return Status.DONE


def _tables(request: ReportRequest, out: Path) -> Status:
    """Writes the tables of a result for spreadsheets; InvalidRequest for more than one result."""
    if len(request.runs) > 1:
        advice = "Write each into a file of its own, or all onto one page (.html)."
        raise InvalidRequest(Fault("tables are those of one result.", file=str(out), advice=advice))
    with working("Reading the result"):
        result = load_result(request.runs[0])
    with working("Writing the tables"):
        save_tables(result, out, language=request.language)
    if request.json:
        console.print_json({"tables": str(out), "status": str(result.status.standing)})
    else:
        console.print_text(f"{result.status}\nWritten: {out}.")
    return Status.DONE
