"""What `prosperity explain` does once its arguments are read."""

from __future__ import annotations

from ..explanation.document import document
from ..explanation.explanation import explain
from ..explanation.tables import headline, tables
from ..results.folder import load_result
from . import console
from .progress import working
from .requests import ExplainRequest, Status


def answer_explain(request: ExplainRequest) -> Status:
    """Explains an outcome of a result, in tables or as one JSON object."""
    with working("Reading the result"):
        result = load_result(request.run)
    with working("Following the gain from the baseline to the policy"):
        found = explain(result, request.outcome)
    if request.json:
        console.print_json(document(found))
    else:
        console.print_explanation(headline(found), tables(found))
    console.tell_notes(found.notes)
    return Status.DONE
