"""What `prosperity report` does once its arguments are read."""

from __future__ import annotations

from pathlib import Path

from ..files.placement import check_target, shortened, write_whole
from ..pages.page import ENDINGS
from ..reports.content import report_of
from ..reports.page import page_of
from ..reports.words import speaker_in
from ..results.folder import load_result
from . import console
from .progress import working
from .requests import ReportRequest, Status

NAME = 100  # bytes of a folder's name in that of a file


def answer_report(request: ReportRequest) -> Status:
    """Writes the page, and says where it is and what comes first on it."""
    speaker_in(request.language)
    out = request.out or Path(f"{shortened(request.runs[0].resolve().name, NAME)}-report.html")
    check_target(out, ENDINGS)
    with working("Reading the result"):
        first, *others = [load_result(run) for run in request.runs]
    with working("Following the gain from the baseline to the policy"):
        found = report_of(first, request.language, others=others)
    html = page_of(found, first)
    write_whole(out, lambda path: path.write_text(html, encoding="utf-8", newline="\n"))
    size = len(html.encode())
    told = [text for text in (found.warning, *found.sentences) if text]
    if request.json:
        console.print_json({"page": str(out), "bytes": size, "title": found.title, "sentences": told})
    else:
        for text in (found.title, *told):
            console.print_text(text)
        console.print_text(f"Written: {out} ({size / 1e6:.1f} MB). Open it in a browser; it needs nothing else.")
    return Status.DONE
