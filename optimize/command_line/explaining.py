"""What `prosperity explain` does once its arguments are read."""

from __future__ import annotations

from sd_models.errors import Fault, InvalidRequest

from ..explanation.document import document
from ..explanation.explanation import explain
from ..explanation.price_range import MORE, save_worth, sentences, worth
from ..explanation.price_range import tables as worth_tables
from ..explanation.tables import headline, tables
from ..results.document import plain
from ..results.folder import load_result
from ..results.result import Result
from . import console
from .progress import working
from .requests import ExplainRequest, Status


def answer_explain(request: ExplainRequest) -> Status:
    """Explains an outcome of a result, or how far a price holds, in tables or as one JSON object."""
    _check(request)
    with working("Reading the result"):
        result = load_result(request.run)
    if request.limit is not None:
        return _answer_worth(request, result, request.limit)
    with working("Following the gain from the baseline to the policy"):
        found = explain(result, request.outcome)
    if request.json:
        console.print_json(document(found))
    else:
        console.print_explanation(headline(found), tables(found))
    console.tell_notes(found.notes)
    return Status.DONE


def _check(request: ExplainRequest) -> None:
    """InvalidRequest for what does not go together."""
    if request.limit is not None and request.outcome is not None:
        advice = "Ask for one of them."
        raise InvalidRequest(Fault("an outcome is explained, or a limit.", request.outcome, advice=advice))
    if request.limit is None and request.more is not None:
        raise InvalidRequest(Fault("--more of what?", advice="Name a limit of the plan: --limit NAME."))


def _answer_worth(request: ExplainRequest, result: Result, limit: str) -> Status:
    """Solves twice with more of a limit, keeps what that says, and prints it."""
    with working("Solving again with more of the limit, and with twice as much"):
        found = worth(result, limit, more=request.more or MORE)
    path = save_worth(found, request.run)
    if request.json:
        console.print_json(plain(found))
    else:
        first, *others = sentences(result, found)
        console.print_text("\n".join([first, *(f"- {text}" for text in others)]))
        console.print_explanation("", worth_tables(found))
        console.print_text(f"Written: {path}")
    return Status.DONE
