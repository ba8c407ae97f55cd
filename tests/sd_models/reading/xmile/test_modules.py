"""Modules in files of their own are read where these lie beside the model; one that is not there is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.models import faults

import sd_models as sd
from sd_models.errors import UnreadableModel, UnsafeModel

HEAD = (
    '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" '
    'xmlns:isee="http://iseesystems.com/XMILE"><header><vendor>x</vendor><product version="1">y</product></header>'
    "<sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs>"
)
DIMENSION = '<dimensions><dim name="r"><elem name="a"/><elem name="b"/></dim></dimensions>'
SUPPLY = (
    f"{HEAD}{DIMENSION}<model><variables><aux name='orders' access='input'><eqn>0</eqn></aux>"
    "<stock name='store'><eqn>5</eqn><inflow>shipped</inflow></stock><flow name='shipped'><eqn>orders / 5</eqn></flow>"
    "</variables></model></xmile>"
)


def main(folder: Path, module: str, *, dimensions: str = "") -> Path:
    """A model that uses a module `supply`."""
    path = folder / "case.xmile"
    text = (
        f"{HEAD}{dimensions}<model><variables><aux name='demand'><eqn>10 + TIME</eqn></aux>{module}"
        "<aux name='received'><eqn>supply.shipped * 2</eqn></aux></variables></model></xmile>"
    )
    path.write_text(text, encoding="utf-8")
    return path


def module(attribute: str) -> str:
    """The module with the attribute that names its file."""
    return f"<module name='supply' {attribute}><connect to='supply.orders' from='demand'/></module>"


@pytest.mark.parametrize("attribute", ["resource='supply.xmile'", "url='supply.xmile'", "isee:url='supply.xmile'"])
@pytest.mark.parametrize("dimensions", ["", DIMENSION])
def test_a_module_beside_the_model_is_read(tmp_path: Path, attribute: str, dimensions: str) -> None:
    """Its variables carry its name, its connections hold, and a note says where it came from."""
    (tmp_path / "supply.xmile").write_text(SUPPLY, encoding="utf-8")
    system = sd.load(main(tmp_path, module(attribute), dimensions=dimensions))
    run = sd.simulate(system)
    assert run["supply.store"].to_numpy().tolist() == pytest.approx([5, 7, 9.2])
    assert run["received"].to_numpy().tolist() == pytest.approx([4, 4.4, 4.8])
    assert any("'supply' was read from supply.xmile" in note for note in system.notes)
    assert system["supply.store"].place is None


def test_a_module_whose_file_is_not_there_is_an_error(tmp_path: Path) -> None:
    """It names the module and the file."""
    (fault,) = faults(UnreadableModel, lambda: sd.load(main(tmp_path, module("url='inner.itmx'"))))
    assert "'supply'" in fault.found
    assert "'inner.itmx'" in fault.found
    assert (fault.file, fault.variable) == ("case.xmile", "supply")


@pytest.mark.parametrize("reference", ["../supply.xmile", "/etc/passwd", "C:/supply.xmile"])
def test_a_module_cannot_lead_out_of_the_folder(tmp_path: Path, reference: str) -> None:
    """The bounds of data files hold for modules."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "supply.xmile").write_text(SUPPLY, encoding="utf-8")
    (fault,) = faults(UnsafeModel, lambda: sd.load(main(inner, module(f"url='{reference}'"))))
    assert "leads out of the folder" in fault.found


def test_modules_that_call_each_other_for_ever_end(tmp_path: Path) -> None:
    """A file that names itself as its module is read once."""
    text = SUPPLY.replace("<variables>", "<variables><module name='supply' url='supply.xmile'/>")
    (tmp_path / "supply.xmile").write_text(text, encoding="utf-8")
    assert "supply.store" in sd.load(main(tmp_path, module("url='supply.xmile'")))


def test_documents_from_chinese_windows_are_read(tmp_path: Path) -> None:
    """GBK that says it is UTF-8, or nothing, is recognized, with a note; what says GBK is read as it says."""
    text = f"{HEAD}<model><variables><aux name='人口'><eqn>3</eqn></aux></variables></model></xmile>"
    path = tmp_path / "case.xmile"
    for declared, noted in (("", True), ('<?xml version="1.0" encoding="gbk"?>', False)):
        path.write_bytes((declared + text).encode("gbk"))
        system = sd.load(path)
        assert sd.simulate(system)["人口"].to_numpy().tolist() == [3, 3, 3]
        assert any("GB18030" in note for note in system.notes) is noted
