"""What `prosperity document` does once its arguments are read."""

from __future__ import annotations

from pathlib import Path

from sd_models.documentation.assessment import Assessment
from sd_models.documentation.page import page_of
from sd_models.reading.library import load

from ..files.placement import check_target, shortened, write_whole
from ..pages.page import ENDINGS
from . import console
from .drawing import NAME
from .progress import working
from .requests import DocumentRequest, Status


def answer_document(request: DocumentRequest) -> Status:
    """Writes the page, and says where it is and what was counted and checked."""
    if request.out:
        check_target(request.out, ENDINGS)
    with working("Reading the model"):
        system = load(request.model, data=request.data, regions=request.regions)
        out = request.out or Path(f"{shortened(system.name, NAME)}-reference{ENDINGS[0]}")
        check_target(out, ENDINGS)
    with working("Writing its reference"):
        assessment = Assessment(system)
        page = page_of(assessment)
        console.tell_replaced(out)
        write_whole(out, lambda path: path.write_text(page, encoding="utf-8", newline="\n"))
    console.tell_notes(system.notes)
    found = list(assessment.rows)
    if request.json:
        console.print_json({"file": str(out), "assessment": dict(found)})
    else:
        width = max(len(name) for name, _ in found)
        console.print_text("\n".join([f"Written: {out}", *(f"  {name:<{width}}  {value}" for name, value in found)]))
    return Status.DONE
