"""Which front end reads a model file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Fault, UnreadableModel, naming

if TYPE_CHECKING:
    from .source import Source

VENSIM = ".mdl"
XMILE = (".xmile", ".xml", ".stmx", ".itmx")


def read(path: Path) -> Source:
    """The parsed model file; the ending of its name says which language it is in."""
    if not path.is_file():
        raise UnreadableModel(Fault("there is no such file.", file=str(path), advice="Check the path."))
    reader = _reader(path.suffix.lower())
    if reader is None:
        advice = "Give an .mdl (Vensim) or an .xmile, .xml, .stmx or .itmx (XMILE) file."
        raise UnreadableModel(
            Fault(f"files ending in {path.suffix!r} are not model files.", file=path.name, advice=advice)
        )
    with naming(path.name):
        return reader(path)


def is_model_file(path: Path) -> bool:
    """Whether the name of a file ends like that of a model."""
    return path.suffix.lower() in (VENSIM, *XMILE)


def _reader(suffix: str) -> Callable[[Path], Source] | None:
    if suffix == VENSIM:
        from .vensim.reader import read_vensim

        return read_vensim
    if suffix in XMILE:
        from .xmile.reader import read_xmile

        return read_xmile
    return None
