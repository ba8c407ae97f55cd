"""`diagram`: a model as text with its pictures in it, in one of three formats."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from ..errors import Fault, InvalidRequest
from ..reading.files import VENSIM, XMILE
from ..system.model import System
from .drawing import draw
from .picture import View
from .splicing import model_text
from .svg import svg
from .vensim import with_sketch
from .xmile import with_views


class Format(StrEnum):
    """What a diagram is written as."""

    VENSIM = "vensim"  # the .mdl file with the pictures as its sketch
    XMILE = "xmile"  # the XMILE file with the pictures as its views
    SVG = "svg"  # the pictures alone


ENDINGS: dict[Format, tuple[str, ...]] = {Format.VENSIM: (VENSIM,), Format.XMILE: XMILE, Format.SVG: (".svg",)}


def diagram(system: System, form: Format | str = Format.SVG, *, view: str = "") -> str:
    """The text of a file with the diagrams of a system, of all views or of the one of that name.

    `vensim` and `xmile` give the file that the model was read from with nothing changed but what draws; `view` leaves
    the other views of a Vensim file as they are. InvalidRequest for a format in which the model is not written.

    >>> import sd_models as sd
    >>> sd.diagram(sd.load("urbanization"), "svg", view="People")[:4]
    '<svg'
    """
    return written(system, draw(system, view=view), Format(form), view=view)


def written(system: System, views: Sequence[View], form: Format, *, view: str = "") -> str:
    """The text of a file with these pictures."""
    check_format(system, form, view=view)
    if form is Format.SVG:
        return svg(views)
    path = system.path or Path()
    text = model_text(path)
    if form is Format.XMILE:
        return with_views(text, views, path)
    return with_sketch(text, views, file=path.name, replaced=views[0].name if view else "")


def check_format(system: System, form: Format, *, view: str = "") -> None:
    """InvalidRequest for a format that a model is not written in, and for one view of an XMILE file."""
    if form is Format.SVG:
        return
    ending = "" if system.path is None else system.path.suffix.lower()
    if ending not in ENDINGS[form]:
        other = "XMILE" if ending in XMILE else "Vensim" if ending == VENSIM else "no"
        found = f"it is {'an' if other == 'XMILE' else 'a'} {other} file, and equations are not translated."
        own = next((str(f) for f, endings in ENDINGS.items() if ending in endings), "svg")
        advice = (
            f"Write its diagrams with --format {own}{'' if own == 'svg' else ', or as pictures with --format svg'}."
        )
        raise InvalidRequest(Fault(found, file=system.name, advice=advice))
    if form is Format.XMILE and view:
        found = "an XMILE file has one view of a model, with all of its variables."
        advice = "Leave out --view, or write the picture with --format svg."
        raise InvalidRequest(Fault(found, file=system.name, advice=advice))
