"""What `prosperity export` does once its arguments are read."""

from __future__ import annotations

from ..files.placement import check_target
from ..problems.problem import Problem
from ..transcription.export import WRITERS, export, write_script
from ..transcription.transcription import transcribe
from . import console
from .asked import asked_for, start_of
from .progress import working
from .requests import ExportRequest, Status

SCRIPT = ".py"


def answer_export(request: ExportRequest) -> Status:
    """States a problem with all its dynamics in Pyomo, and writes it as a file."""
    check_target(request.out, (*WRITERS, SCRIPT))
    with working("Reading model and plan"):
        asked = asked_for(request.asked)
        problem = Problem(asked.system, asked.plan, asked.file)
        start = start_of(request.asked.start_from, problem)
    options = {"auxiliaries": str(request.auxiliaries), "smooth": request.smooth}
    if request.out.suffix.casefold() == SCRIPT:
        files = write_script(asked.plan, request.out, options)
        told = ""
    else:
        with working("Stating every step in Pyomo"):
            x = None if start is None else problem.vector(start)
            model = transcribe(problem, x, auxiliaries=request.auxiliaries.value, smooth=request.smooth)
        with working("Writing"):
            files = export(model, request.out)
        told = f" {model.nvariables():,} variables, {model.nconstraints():,} equations and limits."
        console.tell_notes(model.notes)
    console.tell_notes(asked.notes)
    console.print_text(f"Written: {', '.join(map(str, files))}.{told}")
    return Status.DONE
