"""What `prosperity explore` does once its arguments are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sd_models.errors import Fault, InvalidRequest
from sd_models.reading.files import is_model_file
from sd_models.reading.library import library, load

from ..files.placement import check_target, shortened, write_whole
from ..pages.constants import screened_labels
from ..pages.page import ENDINGS, written_page
from ..pages.subject import Subject, subject_of
from ..plans.assumptions import sentence
from ..plans.plan import load_plan
from ..results.document import JSON
from ..results.folder import load_result
from ..results.remarks import unit_remarks
from . import console
from .progress import working
from .requests import ExploreRequest, Status

NAME = 100  # bytes of a model's name in that of a file


def answer_explore(request: ExploreRequest) -> Status:
    """Writes the page, and says where it is and what it leaves out."""
    if request.out:
        check_target(request.out, ENDINGS)
    with working("Reading the model"):
        screened = screened_labels(request.screening) if request.screening else ()
        subject = _subject(request)
        out = request.out or Path(f"{shortened(subject.system.name, NAME)}-what-if.html")
        check_target(out, ENDINGS)
    with working("Writing the page"):
        page = written_page(subject, screened)
        console.tell_replaced(out)
        write_whole(out, lambda path: path.write_text(page.html, encoding="utf-8", newline="\n"))
    left_out = [note["en"] for note in page.payload.document["leftOut"]]
    assumed = sentence(subject.problem.assumptions)
    units = unit_remarks(subject.problem.plan, subject.problem.system)
    console.tell_notes((*subject.system.notes, *([assumed] if assumed else []), *units, *left_out))
    if request.json:
        console.print_json(_document(out, page.html, page.payload.document, left_out))
    else:
        size = len(page.html.encode()) / 1e6
        console.print_text(f"Written: {out} ({size:.1f} MB). Open it in a browser; it needs nothing else.")
    return Status.DONE


def _subject(request: ExploreRequest) -> Subject:
    """The result in a folder, or a model with its plan."""
    path = Path(request.subject)
    is_model = request.subject in library() or is_model_file(path)
    if (path / JSON).exists() or (path.is_dir() and not is_model):
        _check_alone(request)
        return subject_of(load_result(path))
    if request.plan is None:
        return subject_of(load(request.subject, data=request.data, regions=request.regions))
    plan = load_plan(request.plan)
    system = load(request.subject, data=(*request.data, *plan.data), regions=request.regions or plan.regions)
    text = request.plan.read_text(encoding="utf-8-sig") if request.plan.is_file() else ""
    return subject_of(system, plan, text=text, file=request.plan.name)


def _check_alone(request: ExploreRequest) -> None:
    """InvalidRequest for options that a result has settled."""
    given = {"--plan": request.plan, "--regions": request.regions, "--data": request.data or None}
    found = [name for name, value in given.items() if value is not None]
    if found:
        advice = "Name the model instead of the folder to explore another question."
        told = f"is a result, which has a plan and data of its own; {' and '.join(found)} would be others."
        raise InvalidRequest(Fault(told, file=request.subject, advice=advice))


def _document(out: Path, html: str, document: dict[str, Any], left_out: list[str]) -> dict[str, Any]:
    """What was written, as one JSON object."""
    return {
        "page": str(out),
        "bytes": len(html.encode()),
        "model": document["title"],
        "hash": document["hash"],
        "levers": [lever["variable"] for lever in document["levers"]],
        "constants": [constant["name"] for constant in document["constants"]],
        "outcomes": [outcome["variable"] for outcome in document["outcomes"]],
        "limits": [limit["name"] for limit in document["limits"]],
        "presets": list(document["presets"]),
        "left_out": left_out,
    }
