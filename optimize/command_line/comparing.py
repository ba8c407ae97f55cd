"""What `prosperity compare` does once its arguments are read."""

from __future__ import annotations

from ..comparisons.comparison import compare
from ..comparisons.document import document
from ..comparisons.tables import sentences, tables
from . import console
from .progress import working
from .requests import CompareRequest, Status


def answer_compare(request: CompareRequest) -> Status:
    """Compares results and policies, in tables or as one JSON object."""
    with working("Reading the results"):
        found = compare(request.runs, request.labels or None)
    if request.json:
        console.print_json(document(found))
    else:
        console.print_result(sentences(found), tables(found), (), ())
    console.tell_notes(found.notes)
    return Status.DONE
