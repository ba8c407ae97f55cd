"""The what-if in a notebook: a widget, or where widgets are missing a sentence that says what to install."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import System

from ..files.words import LANGUAGES
from ..plans.plan import Plan
from ..results.result import Result
from .payload import Payload
from .subject import subject_of

if TYPE_CHECKING:
    from .widget import Explore

ADVICE = "Install it: pip install 'common-prosperity[notebook]', and restart the notebook."
WITHOUT = "Sliders in a notebook need the package anywidget, which is not installed."


@dataclass(frozen=True)
class WithoutWidgets:
    """Stands where the widget would: it says what to install, and how to have the same as a page."""

    name: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is missing, and two ways on."""
        page = f"The same as a page of its own: opt.explore_page(..., 'what-if.html'), for {self.name}."
        return WITHOUT, ADVICE, page

    def __repr__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{escape(sentence)}</p>" for sentence in self.sentences)


def explore(
    model: System | Result, *, plan: Plan | None = None, screened: Sequence[str] = (), language: str = ""
) -> Explore | WithoutWidgets:
    """The what-if page of a model or a result as a widget of a notebook: sliders that redraw while they are dragged.

    `widget.policy` and `widget.constants` are what is seen, `widget.show(policy, constants)` sets them. Without a plan
    it is the one beside a library model, else one to start from; `screened` names constants that come first, `language`
    is "en" or "zh", by default the browser's. Without the extra `notebook` it says what to install.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> what_if = opt.explore(sd.load("urbanization"))
    >>> what_if if isinstance(what_if, WithoutWidgets) else sorted(what_if.policy)
    ['public investment in citizenization']
    """
    if language not in ("", *LANGUAGES):
        raise InvalidRequest(
            Fault(f"there is no language {language!r}.", advice=f"Take one of: {', '.join(LANGUAGES)}.")
        )
    subject = subject_of(model, plan)
    payload = Payload(subject, tuple(screened))
    if find_spec("anywidget") is None:
        return WithoutWidgets(subject.system.name)
    from .widget import Explore

    return Explore(payload, language)
