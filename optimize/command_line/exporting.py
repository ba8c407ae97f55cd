"""What `prosperity export` does once its arguments are read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypedDict

from sd_models.errors import Fault, InvalidRequest

from ..files.placement import check_target
from ..problems.problem import Problem
from ..results.remarks import unit_remarks
from ..transcription.export import WRITERS, export, remarks, write_script
from ..transcription.transcription import transcribe
from . import console
from .asked import asked_for, start_of
from .progress import working
from .requests import ExportRequest, Status

SCRIPT = ".py"
DEFAULT = Path("problem.nl")
ENDINGS = {"nl": ".nl", "lp": ".lp", "mps": ".mps", "gams": ".gms", "gms": ".gms", "py": SCRIPT}


class Options(TypedDict):
    """What `transcribe` is asked."""

    auxiliaries: Literal["expressions", "variables"]
    smooth: float | None
    kinks: Literal["absolute", "integers", "sos2"]
    bounds: bool


def target_of(out: Path | None, form: str | None) -> Path:
    """The file to write; InvalidRequest for a format that is not known, and one that the file's ending contradicts."""
    if form is None:
        return out or DEFAULT
    ending = ENDINGS.get(form.casefold().removeprefix("."))
    if ending is None:
        raise InvalidRequest(Fault(f"the format {form!r} is not known.", advice=f"Write one of {', '.join(ENDINGS)}."))
    target = out or DEFAULT.with_suffix(ending)
    if target.suffix.casefold() != ending:
        found = f"{str(target)!r} does not end in {ending}, as the format {form} does."
        raise InvalidRequest(Fault(found, advice="Leave out --format, or name the file otherwise."))
    return target


def answer_export(request: ExportRequest) -> Status:
    """States a problem with all its dynamics in Pyomo, and writes it as a file."""
    target = target_of(request.out, request.format)
    check_target(target, (*WRITERS, SCRIPT))
    with working("Reading model and plan"):
        asked = asked_for(request.asked)
        problem = Problem(asked.system, asked.plan, asked.file)
        start = start_of(request.asked.start_from, problem)
    options: Options = {
        "auxiliaries": request.auxiliaries.value,
        "smooth": request.smooth,
        "kinks": request.kinks.value,
        "bounds": request.bounds,
    }
    if target.suffix.casefold() == SCRIPT:
        files = write_script(asked.plan, target, options)
        told = ""
    else:
        with working("Stating every step in Pyomo"):
            x = None if start is None else problem.vector(start)
            model = transcribe(problem, x, **options)
        with working("Writing"):
            files = export(model, target)
        told = f" {model.nvariables():,} variables, {model.nconstraints():,} equations and limits."
        console.tell_notes((*model.notes, *remarks(model, target)))
    console.tell_notes((*asked.notes, *unit_remarks(problem.plan, problem.system)))
    console.print_text(f"Written: {', '.join(map(str, files))}.{told}")
    return Status.DONE
