"""The folder with a model's data: the one that the file names, or another that stands in for it.

A model file names its data as 'provinces/initial.csv'. With `regions` another folder takes the place of `provinces` in
every such reference: one beside the model file by its name, or any folder by its path. The rules of `guard.inside`
hold in it as they do in the folder of the model, and no reference may contain `..`, so that none reads the replaced
folder in silence.

Why replace the first part of the references and not ask for a parameter in the file: Vensim knows no such parameter,
and the file stays what the modeller opens in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..errors import Fault, InvalidRequest, ModelError, UnsafeModel, nearest
from .guard import inside


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder `home` of a model file, in which the folder `regions` stands in for the folder `named`."""

    home: Path
    named: str = ""
    regions: Path | None = None

    def file(self, reference: str) -> Path:
        """The file that the model refers to, links resolved; UnsafeModel or UnreadableModel where it may not be read.

        >>> from sd_models.reading.library import FOLDER
        >>> DataFolder(FOLDER / "urbanization").file("provinces/initial.csv").name
        'initial.csv'
        """
        if self.regions is None:
            return inside(self.home, reference)
        parts = _parts(reference)
        if ".." in parts:
            found = f"{reference!r} goes up by '..', which no reference may do while another folder stands in."
            raise UnsafeModel(Fault(found, advice=f"Refer to the file as '{self.named}/...'."))
        if parts[:1] != (self.named,):
            return inside(self.home, reference)
        try:
            return inside(self.regions, "/".join(parts[1:]))
        except ModelError as error:
            name = "/".join((self.regions.name, *parts[1:]))
            raise type(error)(replace(fault, file=name if fault.file else "") for fault in error.faults) from error


def data_folder(model: Path, references: Iterable[str], regions: str | Path | None) -> DataFolder:
    """The folder of a model file with these references to data files; `regions` is the folder to stand in, if any.

    InvalidRequest where there is no such folder, or where the references do not lie in one folder.
    """
    if regions is None:
        return DataFolder(model.parent)
    paths = [parts for parts in map(_parts, references) if parts and not parts[0].startswith("/")]
    named = sorted({parts[0] for parts in paths if len(parts) > 1 and ".." not in parts})
    if len(named) != 1:
        listed = f"data in several folders ({', '.join(named)})" if named else "no data in a folder"
        found = f"the model refers to {listed}, so no other folder of regions can stand in."
        advice = "Refer to all data files by one folder, as in GET DIRECT CONSTANTS('provinces/initial.csv', ...)."
        raise InvalidRequest(Fault(found, file=model.name, advice=advice))
    folder = _found(model, str(regions))
    if folder is None:
        names = sorted({"/".join(parts[1:]) for parts in paths if parts[0] == named[0]})
        found = f"there is no folder {str(regions)!r}, neither beside the model nor as a path."
        raise InvalidRequest(Fault(found, file=model.name, advice=_advice(model.parent, str(regions), names)))
    return DataFolder(model.parent, named[0], folder)


def _parts(reference: str) -> tuple[str, ...]:
    """Folders and file of a reference; Windows spelling is understood."""
    return PurePosixPath(reference.strip().replace("\\", "/")).parts


def _found(model: Path, regions: str) -> Path | None:
    """The folder of that name beside the model, else the one at that path; UnsafeModel where a link leads elsewhere."""
    beside = model.parent / regions
    if not regions.strip() or "\0" in regions:
        return None
    if not beside.is_dir():
        return Path(regions).resolve() if Path(regions).is_dir() else None
    if len(Path(regions).parts) == 1 and not beside.resolve().is_relative_to(model.parent.resolve()):
        found = f"the folder {regions!r} beside the model is a link that leads out of the folder of the model."
        raise UnsafeModel(Fault(found, file=model.name, advice="Give the path of the folder to which it leads."))
    return beside.resolve()


def _advice(home: Path, regions: str, names: list[str]) -> str:
    """Which folders beside the model have all of the files."""
    fitting = sorted(
        folder.name for folder in home.iterdir() if folder.is_dir() and all((folder / name).is_file() for name in names)
    )
    if not fitting:
        return f"Give the path of a folder with {', '.join(names)}."
    return nearest(regions, fitting) or f"Beside the model would do: {', '.join(fitting)}."
