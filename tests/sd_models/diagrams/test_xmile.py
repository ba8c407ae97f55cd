"""Views are written into an XMILE file, and nothing else of it changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree
from support.diagrams import ROOT, model_files
from support.models import faults

import sd_models as sd
from sd_models.errors import InvalidRequest
from sd_models.system.model import Variable, key

MODELS = [path for path in model_files() if path.suffix == ".xmile"]
SPACE = "{http://docs.oasis-open.org/xmile/ns/XMILE/v1.0}"


def views_of(text: str) -> list[etree._Element]:
    """The stock-and-flow views of a file."""
    root = etree.fromstring(text.encode())
    return [view for view in root.iter(f"{SPACE}view") if view.get("type", "stock_flow") == "stock_flow"]


def without_place(variable: Variable) -> str:
    """What is said of a variable but the line that it stands on."""
    return re.sub(r"place: .*", "", str(variable))


def plain(name: str | None) -> str:
    """A name of the file as models compare it."""
    return key((name or "").replace("\\n", " "))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_nothing_but_the_views_changes(path: Path, tmp_path: Path) -> None:
    """What stands before and behind them stays byte for byte; read again it is the same model."""
    old, system = path.read_bytes().decode(), sd.load(path)
    new = sd.diagram(system, "xmile")
    without = re.sub(r"\s*<views>.*?</views>", "", new, flags=re.DOTALL)
    assert re.sub(r"\s+", "", without) == re.sub(r"\s+", "", re.sub(r"<views>.*?</views>", "", old, flags=re.DOTALL))
    for other in path.parent.glob("*.csv"):
        (tmp_path / other.name).write_bytes(other.read_bytes())
    file = tmp_path / path.name
    file.write_bytes(new.encode())
    again = sd.load(file)
    assert list(map(without_place, again)) == list(map(without_place, system))
    assert sd.diagram(again, "xmile") == new


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_everything_is_drawn_once(path: Path) -> None:
    """By its own tag; ghosts and arrows name what is there, and nothing leads to a ghost."""
    root = etree.fromstring(sd.diagram(sd.load(path), "xmile").encode())
    for model in root.iter(f"{SPACE}model"):
        tags = [tag for group in model.iter(f"{SPACE}variables") for tag in group if isinstance(tag.tag, str)]
        declared = [
            (tag.tag, plain(tag.get("name"))) for tag in tags if tag.tag.removeprefix(SPACE) in ("stock", "flow", "aux")
        ]
        view = next(model.iter(f"{SPACE}view"))
        drawn = [
            (tag.tag, plain(tag.get("name"))) for tag in view if tag.tag.removeprefix(SPACE) in ("stock", "flow", "aux")
        ]
        times = {"dt", "starttime", "stoptime", "initial time", "final time", "time step", "saveper"}
        assert sorted(drawn) == sorted(item for item in declared if item[1] not in times)
        names = {name for _, name in drawn}
        ghosts = {
            tag.get("uid"): key(tag.findtext(f"{SPACE}of") or "") for tag in view.iter(f"{SPACE}alias") if tag.get("x")
        }
        assert set(ghosts.values()) <= names
        for connector in view.iter(f"{SPACE}connector"):
            assert key(connector.findtext(f"{SPACE}to") or "") in names
            source = connector.find(f"{SPACE}from")
            assert source is not None
            ghost = source.find(f"{SPACE}alias")
            assert ghost.get("uid") in ghosts if ghost is not None else key(source.text or "") in names


def test_flows_end_at_the_stocks_that_name_them() -> None:
    """Their points lie on the sides of the stocks of which they are inflow and outflow."""
    root = etree.fromstring(sd.diagram(sd.load(ROOT / "tests/models/stocks_and_flows.xmile"), "xmile").encode())
    view = next(root.iter(f"{SPACE}view"))
    stocks = {plain(tag.get("name")): (float(tag.get("x")), float(tag.get("y"))) for tag in view.iter(f"{SPACE}stock")}
    flows = {
        plain(tag.get("name")): [(float(pt.get("x")), float(pt.get("y"))) for pt in tag.iter(f"{SPACE}pt")]
        for tag in view.iter(f"{SPACE}flow")
    }
    joined = 0
    for stock in root.iter(f"{SPACE}stock"):
        for tag, end in ((f"{SPACE}inflow", -1), (f"{SPACE}outflow", 0)):
            for flow in stock.iter(tag):
                (x, y), (u, v) = flows[plain(flow.text)][end], stocks[plain(stock.get("name"))]
                assert min(abs(x - u), abs(y - v)) <= 45
                assert max(abs(x - u), abs(y - v)) <= 80
                joined += 1
    assert joined > 3


def test_other_views_and_styles_stay(tmp_path: Path) -> None:
    """Interfaces, styles and vendors' tags are not ours."""
    path = tmp_path / "case.xmile"
    ours, others = '<view type="stock_flow"><aux name="a" x="1" y="2"/></view>', '<view type="interface"><x/></view>'
    old = f"<views><style/>{ours}{others}</views>"
    path.write_text(MODEL.format(views=old), encoding="utf-8")
    text = sd.diagram(sd.load(path), "xmile")
    assert '<views><style/><view type="stock_flow" page_width' in text
    assert '</view><view type="interface"><x/></view></views>' in text
    assert text.count('<aux name="a"') == 2
    assert len(views_of(text)) == 1


@pytest.mark.parametrize("views", ["", "<views/>", "<views></views>"])
def test_a_file_without_views_gets_some(views: str, tmp_path: Path) -> None:
    """At the end of its model, or in the place of an empty tag."""
    path = tmp_path / "case.xmile"
    path.write_text(MODEL.format(views=views), encoding="utf-8")
    (view,) = views_of(sd.diagram(sd.load(path), "xmile"))
    assert {tag.get("name") for tag in view if tag.tag == f"{SPACE}aux"} == {"a", 'b "<&'}


def test_one_view_of_an_xmile_file_is_refused() -> None:
    """It has one with everything."""
    (fault,) = faults(InvalidRequest, lambda: sd.diagram(sd.load(MODELS[0]), "xmile", view=sd.load(MODELS[0]).name))
    assert "one view" in fault.found


def test_a_vensim_file_is_refused() -> None:
    """Equations are not translated."""
    (fault,) = faults(InvalidRequest, lambda: sd.diagram(sd.load("urbanization"), "xmile"))
    assert fault.found == "it is a Vensim file, and equations are not translated."


def test_another_program_draws_it(tmp_path: Path) -> None:
    """pysimlin, where it is installed, opens the file and draws what we placed."""
    simlin = pytest.importorskip("simlin")
    path = tmp_path / "case.xmile"
    path.write_text(sd.diagram(sd.load(ROOT / "tests/models/stocks_and_flows.xmile"), "xmile"), encoding="utf-8")
    picture = simlin.load(path).diagram().svg
    assert all(name in picture for name in ("leaving", "hiring", "returns", "idle"))


MODEL = """<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><vendor>v</vendor><product version="1">p</product></header>
<sim_specs><start>0</start><stop>2</stop><dt>1</dt></sim_specs>
<model><variables>
<aux name="a"><eqn>1</eqn></aux><aux name="b &quot;&lt;&amp;"><eqn>a</eqn></aux>
</variables>{views}</model>
</xmile>
"""
