"""Front ends: model files to PySD's abstract model.

- `source.py`: what a front end hands on
- `vensim_text.py`: the text of an `.mdl` file cut into entries that keep their line
- `vensim.py`: the entries, read with PySD's grammars
- `xmile_document.py`, `xmile_words.py`, `xmile_functions.py`, `xmile_equations.py`: XML, names and expressions of XMILE
- `xmile_names.py`, `xmile_tables.py`, `xmile_variables.py`, `xmile_settings.py`, `xmile.py`: the parts of an XMILE file
- `guard.py`: what a hostile file must not do
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import Fault, UnreadableModel, naming
from .source import Source


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


def _reader(suffix: str) -> Callable[[Path], Source] | None:
    if suffix == ".mdl":
        from .vensim import read_vensim

        return read_vensim
    if suffix in (".xmile", ".xml", ".stmx", ".itmx"):
        from .xmile import read_xmile

        return read_xmile
    return None
