"""What `prosperity compare` does once its arguments are read."""

from __future__ import annotations

from ..comparisons.comparison import compare
from ..comparisons.document import document
from ..comparisons.robustness import robustness
from ..comparisons.tables import robustness_table, sentences, tables
from . import console
from .progress import working
from .requests import CompareRequest, Status


def answer_compare(request: CompareRequest) -> Status:
    """Compares results and policies, in tables or as one JSON object."""
    with working("Reading the results"):
        found = compare(request.runs, request.labels or None)
    robust = None
    if request.ranges is not None:
        with working("Drawing from the ranges"):
            robust = robustness(found, request.ranges, samples=request.samples)
    if request.json:
        console.print_json(document(found, robust))
    else:
        drawn = () if robust is None else (robustness_table(robust, found),)
        console.print_result(sentences(found), [*tables(found), *drawn], (), ())
    console.tell_notes((*found.notes, *(() if robust is None else robust.notes)))
    return Status.DONE
