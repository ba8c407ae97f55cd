"""What `prosperity diagram` does once its arguments are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sd_models.diagrams.diagram import ENDINGS, Format, check_format, written
from sd_models.diagrams.drawing import draw
from sd_models.diagrams.picture import View
from sd_models.errors import Fault, InvalidRequest
from sd_models.reading.library import load
from sd_models.system.model import System

from ..files.placement import check_target, shortened, write_whole
from . import console
from .progress import working
from .requests import DiagramRequest, Status

NAME = 100  # bytes of a model's name in that of a file


def answer_diagram(request: DiagramRequest) -> Status:
    """Draws the model, writes the file, and says where it is and what it holds."""
    form = form_of(request)
    if request.out:
        check_target(request.out, ENDINGS[form])
    with working("Reading the model"):
        system = load(request.model, data=request.data, regions=request.regions)
        check_format(system, form, view=request.view)
        out = request.out or _default(system, form)
        check_target(out, ENDINGS[form])
    with working("Drawing"):
        views = draw(system, view=request.view)
        content = written(system, views, form, view=request.view).encode()
    write_whole(out, lambda path: path.write_bytes(content))
    console.tell_notes((*system.notes, *_elsewhere(system, out, form)))
    if request.json:
        console.print_json(_document(out, form, views))
    else:
        console.print_text(_told(out, views))
    return Status.DONE


def form_of(request: DiagramRequest) -> Format:
    """The format that is asked for, or that the ending of the file says; InvalidRequest where it says none."""
    ending = "" if request.out is None else request.out.suffix.lower()
    said = next((form for form, endings in ENDINGS.items() if ending in endings), None)
    if request.format is not None:
        return _known(request.format)
    if request.out is not None and said is None:
        endings = ", ".join(ending for endings in ENDINGS.values() for ending in endings)
        found = f"files ending in {ending!r} are not written."
        raise InvalidRequest(Fault(found, file=str(request.out), advice=f"Give it one of the endings {endings}."))
    return said or Format.SVG


def _known(text: str) -> Format:
    try:
        return Format(text.casefold())
    except ValueError as error:
        advice = f"Write one of {', '.join(Format)}."
        raise InvalidRequest(Fault(f"the format {text!r} is not known.", advice=advice)) from error


def _default(system: System, form: Format) -> Path:
    """A file of the model's name in the folder at hand, which is never the model itself."""
    ending = ENDINGS[form][0] if form is not Format.XMILE or system.path is None else system.path.suffix.lower()
    return Path(f"{shortened(system.name, NAME)}-diagram{ending}")


def _elsewhere(system: System, out: Path, form: Format) -> list[str]:
    """That a model does not find its data where it was written."""
    folder = None if system.path is None else system.path.resolve().parent
    if form is Format.SVG or not system.files or folder in (None, out.resolve().parent):
        return []
    return [f"The model reads data files that lie beside {system.path}; {out} finds them only there."]


def _told(out: Path, views: Sequence[View]) -> str:
    """What was written, and a line for each view."""
    lines = [f"Written: {out} ({len(views)} {'view' if len(views) == 1 else 'views'})."]
    for view in views:
        counts = _counts(view)
        marked = f", loops {', '.join(counts['loops'])}" if counts["loops"] else ""
        sizes = f"{counts['variables']} variables, {counts['shadows']} shadows, {counts['flows']} flows"
        lines.append(f"  {view.name}: {sizes}, {counts['arrows']} arrows{marked}")
    return "\n".join(lines)


def _counts(view: View) -> dict[str, Any]:
    return {
        "name": view.name,
        "variables": sum(not node.shadow for node in view.nodes),
        "shadows": sum(node.shadow for node in view.nodes),
        "flows": len(view.pipes),
        "arrows": len(view.arrows),
        "loops": [f"{mark.label} {mark.name}".strip() for mark in view.marks],
    }


def _document(out: Path, form: Format, views: Sequence[View]) -> dict[str, Any]:
    """What was written, as one JSON object."""
    return {"file": str(out), "format": str(form), "views": [_counts(view) for view in views]}
