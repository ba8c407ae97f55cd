"""`load`: a model by its file or by its name in the library that comes with this package."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Fault, UnreadableModel, nearest

if TYPE_CHECKING:
    from ..system.model import System

FOLDER = Path(__file__).parents[1]


def library() -> tuple[str, ...]:
    """The names of the models that come with this package.

    >>> import sd_models as sd
    >>> sd.library()
    ('common_prosperity', 'urbanization')
    """
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/model.mdl")))


def model_path(model: str | Path) -> Path:
    """The file of a library name or of a path."""
    path = Path(model)
    if path.suffix or path.is_file():
        return path
    if str(model) in library():
        return FOLDER / str(model) / "model.mdl"
    advice = nearest(str(model), library()) or f"The library has: {', '.join(library())}."
    raise UnreadableModel(Fault(f"{str(model)!r} is neither a model file nor a model of the library.", advice=advice))


def load(model: str | Path, *, data: Iterable[str | Path] = (), regions: str | Path | None = None) -> System:
    """The system of a model file (`.mdl`, `.xmile`, `.stmx`) or of a library model.

    `data` are CSV or TAB files with the values of data variables that the model file only names. `regions` is a folder
    of data that stands in for the one to which the file refers: the name of one beside the file, or the path of any.
    Raises a `ModelError` that lists everything that is wrong with the file: `UnreadableModel`, `UnsafeModel`,
    `InvalidModel` or `UnsupportedFunction`; `InvalidRequest` for a folder that cannot stand in.

    >>> import sd_models as sd
    >>> sd.load("urbanization").name
    'urbanization'
    """
    from .files import read
    from .flattening import flatten

    path = model_path(model)
    system = flatten(read(path), data=[Path(file) for file in data], regions=regions)
    if _is_empty(system):
        found = "it holds no model: there is no equation in it, but for those that say when a run begins and ends."
        advice = "Expected is a variable at least. Save the model again from the program that made it, or name another."
        raise UnreadableModel(Fault(found, file=path.name, advice=advice))
    return system


def _is_empty(system: System) -> bool:
    """Whether nothing happens in a model, whose times are all that its file tells, if that."""
    from ..system.model import key
    from .xmile.settings import CONTROL_NAMES

    return all(key(name) in CONTROL_NAMES for name in system.variables)
