"""Views are the groups of the file, or sectors of a stated size of what belongs together."""

from __future__ import annotations

from pathlib import Path

from support.models import loaded, written

import sd_models as sd
from sd_models.diagrams.sectors import LARGEST, sectors
from sd_models.diagrams.structure import structure
from sd_models.system.model import System


def parts(system: System) -> dict[str, tuple[str, ...]]:
    """The views of a system."""
    return sectors(system, structure(system))


def test_groups_of_vensim_are_views(tmp_path: Path) -> None:
    """What stands before the first one is the model's own view; times are in none."""
    head = "{0}\n\t.{1}\n{0}~\n\t\tA text. |\n"
    text = (
        "z = 1 ~~|\n"
        + head.format("*" * 20, "First")
        + "a = z ~~|\n"
        + head.format("*" * 20, "Second one")
        + "b = a ~~|"
    )
    assert parts(loaded(tmp_path, text)) == {"case": ("z",), "First": ("a",), "Second one": ("b",)}


def test_groups_and_modules_of_xmile_are_views(tmp_path: Path) -> None:
    """A group names its variables; a module is a group, and has groups of its own."""
    path = tmp_path / "case.xmile"
    path.write_text(XMILE, encoding="utf-8")
    assert parts(sd.load(path)) == {
        "Money": ("income", "tax"),
        "case": ("other",),
        "supply": ("supply.orders",),
        "supply.Store": ("supply.store",),
    }


def test_a_small_model_is_one_view(tmp_path: Path) -> None:
    """Under the name of the model."""
    assert parts(loaded(tmp_path, "a = 1 ~~|\nb = a ~~|")) == {"case": ("a", "b")}


def test_a_large_model_is_parted_where_it_hangs_together_least(tmp_path: Path) -> None:
    """Three chains with one link from each to the next are three views, called after their stocks."""
    text = ""
    for i, stock in enumerate(("People", "Money", "Forest")):
        before = f"c{i - 1} 27" if i else "1"
        text += f"{stock} = INTEG(c{i} 0 - c{i} 1, 1) ~~|\nc{i} 0 = {before} ~~|\nc{i} 1 = {stock} + c{i} 0 ~~|\n"
        text += "\n".join(f"c{i} {k} = c{i} {k - 1} + {stock} ~~|" for k in range(2, 28)) + "\n"
    found = parts(loaded(tmp_path, text))
    assert list(found) == ["People", "Money", "Forest"]
    assert {len(members) for members in found.values()} == {29}


def test_no_derived_view_is_larger_than_stated(tmp_path: Path) -> None:
    """Also where all hangs together, or nothing does; every variable is in one."""
    for text in (
        "\n".join(f"a{i} = a{i - 1} + 1 ~~|" if i else "a0 = 1 ~~|" for i in range(150)),
        "\n".join(f"a{i} = {i} ~~|" for i in range(150)),
    ):
        found = parts(loaded(tmp_path, text))
        assert max(map(len, found.values())) <= LARGEST
        assert sorted(name for members in found.values() for name in members) == sorted(f"a{i}" for i in range(150))


def test_names_that_are_one_word_are_told_apart(tmp_path: Path) -> None:
    """PySD makes names of files of them."""
    head = "{0}\n\t.{1}\n{0}~\n\t\t|\n"
    text = "".join(
        head.format("*" * 20, name) + f"v{i} = 1 ~~|\n" for i, name in enumerate(("1 Money", "Money!", "2 money"))
    )
    assert list(parts(sd.load(written(tmp_path, text)))) == ["1 Money", "Money! 2", "2 money 3"]


XMILE = """<?xml version="1.0"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><vendor>v</vendor><product version="1">p</product></header>
<sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs>
<model><variables>
<aux name="income"><eqn>1</eqn></aux><aux name="tax"><eqn>income</eqn></aux><aux name="other"><eqn>tax</eqn></aux>
<group name="Money"><var>income</var><var>tax</var></group><module name="supply"/>
</variables></model>
<model name="supply"><variables>
<aux name="orders"><eqn>1</eqn></aux><aux name="store"><eqn>orders</eqn></aux>
<group name="Store"><entity name="store"/></group>
</variables></model>
</xmile>
"""
