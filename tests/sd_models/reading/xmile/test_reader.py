"""XMILE files: what becomes of every part of a model, and which files are refused, where and why."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysd.translators.structures import abstract_expressions as ast
from pysd.translators.structures.abstract_model import AbstractComponent, AbstractElement, AbstractLookup
from pysd.translators.xmile.xmile_file import XmileFile

from sd_models.errors import ModelError, UnreadableModel, UnsafeModel
from sd_models.reading.flattening import flatten
from sd_models.reading.source import Source
from sd_models.reading.xmile.reader import read_xmile
from sd_models.system.model import Correspondence, Kind, Method

Reader = Callable[..., Source]

SPECS = '<sim_specs method="euler" time_units="Year"><start>0</start><stop>10</stop><dt>0.5</dt></sim_specs>'
DIMENSIONS = """<dimensions><dim name="Port"><elem name="North Quay"/><elem name="South"/></dim>
<dim name="Age" size="3"/></dimensions>"""


def document(variables: str = "", *, head: str = SPECS, tail: str = "", namespace: str = "") -> str:
    """A whole file; variables stand from its third line on, if `head` has one line."""
    space = namespace or "http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"
    model = f"<model><variables>\n{variables}</variables></model>"
    return f'<xmile version="1.0" xmlns="{space}">{head}\n{model}{tail}</xmile>\n'


HARBOUR = document(
    """<stock name="fish stock"><doc>What swims.</doc><eqn>100</eqn><inflow>births</inflow><outflow>catch</outflow>
<outflow>"natural deaths"</outflow><units>ton</units><range min="0" max="500"/></stock>
<flow name="births"><eqn>fish_stock * birth_rate</eqn></flow>
<flow name="catch"><eqn>SUM(landings[*])</eqn><non_negative/></flow>
<flow name="natural deaths"><eqn>IF fish_stock &gt; 50 THEN 2 ELSE 1 {a guess}</eqn></flow>
<aux name="birth rate"><eqn>fish_stock</eqn><gf><xscale min="0" max="200"/><ypts>0.2,0.1,0</ypts></gf></aux>
<aux name="landings"><dimensions><dim name="Port"/></dimensions><eqn>boats * 0.5</eqn></aux>
<aux name="boats"><dimensions><dim name="Port"/></dimensions>
<element subscript="North Quay"><eqn>3</eqn></element><element subscript="South"><eqn>4 + TIME</eqn></element></aux>
""",
    head=SPECS + DIMENSIONS,
)


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Reads a text or bytes as a file."""

    def write_and_read(content: str | bytes) -> Source:
        path = tmp_path / "harbour.xmile"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_xmile(path)

    return write_and_read


def element(source: Source, name: str) -> AbstractElement:
    return next(item for item in source.model.sections[0].elements if item.name == name)


def component(source: Source, name: str) -> AbstractComponent:
    (only,) = element(source, name).components
    return only


def ref(name: str, *subscripts: str) -> ast.ReferenceStructure:
    return ast.ReferenceStructure(name, ast.SubscriptsReferenceStructure(subscripts) if subscripts else None)


def faults(caught: pytest.ExceptionInfo[UnreadableModel]) -> str:
    return "\n".join(str(fault) for fault in caught.value.faults)


# --- variables ------------------------------------------------------------------------------------------------------


def test_a_stock_integrates_inflows_less_outflows(read: Reader) -> None:
    """Its equation is the value at the start; unit, limits, documentation and line are kept."""
    source = read(HARBOUR)
    stock = element(source, "fish stock")
    net = ast.ArithmeticStructure(["-", "-"], (ref("births"), ref("catch"), ref("natural_deaths")))
    assert component(source, "fish stock").ast == ast.IntegStructure(net, 100.0, False)
    assert (stock.units, stock.limits, stock.documentation) == ("ton", (0.0, 500.0), "What swims.")
    assert source.lines["__main__", "fish stock"] == (4,)


@pytest.mark.parametrize(
    ("flows", "net"),
    [
        ("", 0.0),
        ("<inflow>a</inflow>", ref("a")),
        ("<outflow>a</outflow>", ast.ArithmeticStructure(["negative"], (ref("a"),))),
        ("<inflow>a</inflow><inflow>b</inflow>", ast.ArithmeticStructure(["+"], (ref("a"), ref("b")))),
    ],
)
def test_a_stock_may_have_any_flows(read: Reader, flows: str, net: object) -> None:
    """Without flows it keeps its value."""
    source = read(document(f'<stock name="s"><eqn>1</eqn>{flows}</stock>'))
    assert component(source, "s").ast == ast.IntegStructure(net, 1.0, False)


def test_flows_may_have_names_that_no_equation_could_hold(read: Reader) -> None:
    """A stock names its flows; what it names is looked up as it stands before it is parsed."""
    body = """<stock name="s"><eqn>1</eqn><inflow>in/out, (net)</inflow></stock>
    <flow name="in/out, (net)"><eqn>1</eqn></flow>"""
    tree = component(read(document(body)), "s").ast
    assert tree.flow == ref("in/out,_(net)")


@pytest.mark.parametrize(
    ("behavior", "own", "stock", "flow"),
    [
        ("", "", False, False),
        ("", "<non_negative/>", True, True),
        ("<behavior><non_negative/></behavior>", "", True, True),
        ("<behavior><non_negative/></behavior>", "<non_negative>false</non_negative>", False, False),
        ("<behavior><stock><non_negative/></stock></behavior>", "", True, False),
        ("<behavior><non_negative/><flow><non_negative> False </non_negative></flow></behavior>", "", True, False),
    ],
)
def test_what_stays_above_zero_says_so_itself_or_inherits_it(
    read: Reader, behavior: str, own: str, stock: bool, flow: bool
) -> None:
    """A stock gets a flag, as with PySD, and a flow is the larger of itself and zero."""
    body = f'<stock name="s"><eqn>1</eqn>{own}</stock><flow name="f"><eqn>2</eqn>{own}</flow>'
    for text in (document(body, head=SPECS + behavior), document(body).replace("<model>", f"<model>{behavior}")):
        source = read(text)
        assert component(source, "s").ast.non_negative is stock
        assert isinstance(component(source, "f").ast, ast.CallStructure) is flow


def test_a_variable_with_a_table_is_its_equation_put_through_the_table(read: Reader) -> None:
    """Points are spread evenly over <xscale>."""
    tree = component(read(HARBOUR), "birth rate").ast
    assert tree.argument == ref("fish_stock")
    assert (tree.lookups.x, tree.lookups.y) == ((0.0, 100.0, 200.0), (0.2, 0.1, 0.0))


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("<gf><xpts>0,1,2</xpts><ypts>5,6,7</ypts></gf>", "interpolate"),
        ('<gf type="extrapolate"><xpts sep=";">0;1;2</xpts><ypts>5, 6, 7,</ypts></gf>', "extrapolate"),
        ('<gf type="discrete"><xpts>2,1,0</xpts><ypts sep=" ">7 6 5</ypts></gf>', "hold_backward"),
        ('<gf discrete="true"><xscale min="9" max="9"/><xpts>0,1,2</xpts><ypts>5,6,7</ypts></gf>', "hold_backward"),
    ],
)
def test_tables_are_written_in_several_ways(read: Reader, table: str, kind: str) -> None:
    """Points win over a scale, and are put in order of x."""
    expected = ast.LookupsStructure((0.0, 1.0, 2.0), (5.0, 6.0, 7.0), (0.0, 2.0), (5.0, 7.0), kind)
    alone = read(document(table.replace("<gf", '<gf name="t"', 1)))
    assert component(alone, "t") == AbstractLookup(([], []), expected)
    inside = read(document(f'<aux name="t">{table}<eqn>{{none yet}}</eqn></aux>'))
    assert component(inside, "t") == AbstractLookup(([], []), expected)


def test_a_table_may_be_called_apart_from_the_variable_that_it_computes(read: Reader) -> None:
    """LOOKUP takes a table, a variable with a table of its own, or a table named inside a variable."""
    table = "<xscale min='0' max='1'/><ypts>0,1</ypts></gf>"
    body = f"""<aux name="a"><eqn>0+0</eqn><gf>{table}</aux><aux name="b"><eqn>TIME</eqn><gf name="rise">{table}</aux>
    <gf name="c">{table}<aux name="d"><eqn>2</eqn><gf name="rise"/></aux>
    <aux name="sum"><eqn>LOOKUP(a, 3) + rise(4) + c(5) + LOOKUP(c, 6)</eqn></aux>"""
    source = read(document(body))
    calls = component(source, "sum").ast.arguments
    assert [call.function.reference for call in calls] == ["a:_table", "rise", "c", "c"]
    assert isinstance(component(source, "a: table"), AbstractLookup)
    assert isinstance(component(source, "rise"), AbstractLookup)
    assert component(source, "d").ast.function == ref("rise")
    assert flatten(source)["a: table"].kind is Kind.TABLE


def test_self_is_the_variable_itself(read: Reader) -> None:
    """PREVIOUS(SELF, ...) keeps a value from step to step."""
    tree = component(
        read(document('<aux name="Memory of it"><eqn>PREVIOUS(SELF, 0) + 1</eqn></aux>')), "Memory of it"
    ).ast
    assert tree.arguments[0].arguments == (ref("memory_of_it"), 0.0)


def test_a_variable_hides_a_constant_of_its_name(read: Reader) -> None:
    """Names are resolved in the model first."""
    source = read(document('<aux name="Pi"><eqn>3</eqn></aux><aux name="a"><eqn>PI</eqn></aux>'))
    assert component(source, "a").ast == ref("pi")


def test_an_initial_equation_holds_while_stocks_initialize(read: Reader) -> None:
    """It is Vensim's ACTIVE INITIAL."""
    tree = component(read(document('<aux name="a"><eqn>1</eqn><init_eqn>2</init_eqn></aux>')), "a").ast
    assert (tree.function.reference, tree.arguments) == ("active_initial", (1.0, 2.0))


# --- arrays ---------------------------------------------------------------------------------------------------------


def test_dimensions_have_named_or_numbered_elements(read: Reader) -> None:
    """Numbers count from 1."""
    ranges = {item.name: item.subscripts for item in read(HARBOUR).model.sections[0].subscripts}
    assert ranges == {"Port": ["North Quay", "South"], "Age": ["1", "2", "3"]}


def test_dimensions_correspond_as_exporters_from_vensim_say(read: Reader) -> None:
    """By position."""
    dimensions = """<dimensions><dim name="A" size="2"><v:maps_to xmlns:v="urn:v">B</v:maps_to></dim>
    <dim name="B"><elem name="x"/><elem name="y"/></dim></dimensions>"""
    body = """<aux name="a"><dimensions><dim name="A"/></dimensions><eqn>1</eqn></aux>
    <aux name="b"><dimensions><dim name="B"/></dimensions><eqn>a[A]</eqn></aux>"""
    source = read(document(body, head=SPECS + dimensions))
    assert source.mappings == {"A": (Correspondence("B", ()),)}
    assert flatten(source)["b"].dimensions == ("B",)


def test_elements_of_an_array_have_equations_of_their_own(read: Reader) -> None:
    """Each is a component with its line."""
    source = read(HARBOUR)
    boats = element(source, "boats").components
    assert [part.subscripts for part in boats] == [(["North Quay"], []), (["South"], [])]
    assert boats[1].ast == ast.ArithmeticStructure(["+"], (4.0, ref("time")))
    assert source.lines["__main__", "boats"] == (12, 12)


def test_elements_may_share_an_equation_and_differ_in_the_table(read: Reader) -> None:
    """The dimensions in the shared equation, written or not, stand for the element at hand."""
    table = "<gf><xscale min='0' max='1'/><ypts>0,{}</ypts></gf>"
    elements = "".join(f"<element subscript='{name}'>{table.format(name)}</element>" for name in "12")
    body = f"""<aux name="y"><dimensions><dim name="N"/></dimensions>{elements}<eqn>x + x[N] + x[2] + N</eqn></aux>
    <aux name="x"><dimensions><dim name="N"/></dimensions><eqn>1</eqn></aux>"""
    source = read(document(body, head=SPECS + '<dimensions><dim name="N" size="2"/></dimensions>'))
    for number, part in enumerate(element(source, "y").components, start=1):
        own = ref("x", str(number))
        assert part.ast.argument.arguments == (own, own, ref("x", "2"), float(number))
        assert part.ast.lookups.y == (0.0, float(number))
    assert flatten(source)["y"].dimensions == ("N",)


def test_stocks_of_single_elements_take_the_flow_of_their_element(read: Reader) -> None:
    """The flows of a stock are named without subscripts."""
    dimension = "<dimensions><dim name='Port'/></dimensions>"
    body = f"""<stock name="s">{dimension}<element subscript="South"><eqn>1</eqn></element>
    <element subscript="North Quay"><eqn>2</eqn></element><inflow>f</inflow></stock>
    <flow name="f">{dimension}<eqn>1</eqn></flow>"""
    source = read(document(body, head=SPECS + DIMENSIONS))
    assert [part.ast.flow for part in element(source, "s").components] == [ref("f", "South"), ref("f", "North Quay")]


@pytest.mark.parametrize("kind", ["aux", "stock"])
def test_numbers_of_an_array_stand_in_a_list(read: Reader, kind: str) -> None:
    """Row by row; a stock gets an equation for each."""
    dimensions = "<dimensions><dim name='Port'/><dim name='Age'/></dimensions>"
    body = f"<{kind} name='a'>{dimensions}<eqn>1,2,3;\n4,5,6;</eqn></{kind}>"
    source = read(document(body, head=SPECS + DIMENSIONS))
    system = flatten(source)
    assert system.shape(system["a"]) == (2, 3)
    if kind == "aux":
        np.testing.assert_array_equal(component(source, "a").ast, [[1, 2, 3], [4, 5, 6]])
    else:
        assert [part.ast.initial for part in element(source, "a").components] == [1, 2, 3, 4, 5, 6]


def test_several_equations_are_those_of_the_elements_in_turn(read: Reader) -> None:
    """Vensim writes arrays so."""
    body = "<aux name='a'><dimensions><dim name='Port'/></dimensions><eqn>TIME</eqn><eqn>2</eqn></aux>"
    parts = element(read(document(body, head=SPECS + DIMENSIONS)), "a").components
    assert [(part.subscripts[0], part.ast) for part in parts] == [(["North Quay"], ref("time")), (["South"], 2.0)]


def test_an_element_behind_its_dimension_is_its_position(read: Reader) -> None:
    """Inside brackets it is the element itself."""
    body = '<aux name="a"><eqn>Port.South + b[Port.South]</eqn></aux>'
    source = read(
        document(
            f"{body}<aux name='b'><dimensions><dim name='Port'/></dimensions><eqn>1</eqn></aux>",
            head=SPECS + DIMENSIONS,
        )
    )
    assert component(source, "a").ast.arguments == (2.0, ref("b", "South"))


def test_a_dimension_that_the_variable_has_not_is_reduced(read: Reader) -> None:
    """MAX(x[Port]) of a variable without dimensions is the largest of all ports."""
    body = """<aux name="all"><eqn>MAX(b[Port])</eqn></aux>
    <aux name="each"><dimensions><dim name="Port"/></dimensions><eqn>SUM(b[Port])</eqn></aux>
    <aux name="b"><dimensions><dim name="Port"/></dimensions><eqn>1</eqn></aux>"""
    source = read(document(body, head=SPECS + DIMENSIONS))
    assert component(source, "all").ast.arguments == (ref("b", "Port!"),)
    assert component(source, "each").ast.arguments == (ref("b", "Port"),)


# --- the whole model ------------------------------------------------------------------------------------------------


def control(source: Source, name: str) -> object:
    return component(source, name).ast


def test_times_come_from_the_simulation_specifications(read: Reader) -> None:
    """Every time step is saved; variables of the same names, which exporters add, are passed over."""
    source = read(document('<aux name="TIME_STEP"><eqn>7</eqn></aux><aux name="Saveper"><eqn>7</eqn></aux>'))
    names = [item.name for item in source.model.sections[0].elements]
    assert names == ["INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"]
    assert [control(source, name) for name in names] == [0.0, 10.0, 0.5, ref("time_step")]
    assert element(source, "FINAL TIME").units == "Year"


@pytest.mark.parametrize(
    ("step", "expected"),
    [("", 1.0), ('<dt reciprocal="true">8</dt>', 0.125), ('<dt reciprocal="false">8</dt>', 8.0)],
)
def test_the_time_step_may_be_a_reciprocal_or_left_out(read: Reader, step: str, expected: float) -> None:
    """It is 1 unless given."""
    head = f"<sim_specs><start>0</start><stop>1</stop>{step}</sim_specs>"
    assert control(read(document(head=head)), "TIME STEP") == expected


@pytest.mark.parametrize(
    ("written", "method"),
    [("", Method.EULER), ("Euler", Method.EULER), ("RK2", Method.RK2), ("rk4", Method.RK4), ("gear, rk4", Method.RK4)],
)
def test_the_method_is_the_first_known_one_that_the_file_lists(read: Reader, written: str, method: Method) -> None:
    """A note says when it is not the file's first choice."""
    source = read(document(head=SPECS.replace("euler", written)))
    assert source.method is method
    assert bool(source.notes) == ("gear" in written)


def test_units_that_are_equal_are_gathered(read: Reader) -> None:
    """Aliases, and a definition as another unit; composed definitions are noted."""
    units = """<model_units><unit name="People"><eqn/><alias>person</alias></unit>
    <unit name="fraction"><eqn>1</eqn></unit>
    <unit name="J" disabled="true"><alias>joule</alias></unit><unit name="speed"><eqn>m/s</eqn></unit></model_units>"""
    source = read(document(head=SPECS + units))
    assert source.unit_synonyms == (("People", "person"), ("fraction", "1"))
    assert any("'m/s'" in note for note in source.notes)


def test_rounding_towards_zero_is_noted(read: Reader) -> None:
    """INT and MOD follow PySD, which differs from XMILE below zero."""
    assert read(document('<aux name="a"><eqn>INT(TIME)</eqn></aux>')).notes
    assert not read(document('<aux name="a"><eqn>TIME</eqn></aux>')).notes


MODULES = document(
    """<module name="sea"><connect to="sea.price" from=".price"/><connect to="curve" from="response"/></module>
<aux name="price"><eqn>2</eqn></aux><aux name="seen"><eqn>sea.fish + .price</eqn></aux>
<aux name="response"><eqn>1</eqn><gf><xscale min="0" max="1"/><ypts>0,1</ypts></gf></aux>""",
    tail="""<model name="sea"><variables><aux name="price" access="input"><eqn>{not connected}</eqn></aux>
<aux name="curve" access="input"/><stock name="fish"><eqn>price</eqn><inflow>births</inflow></stock>
<flow name="births"><eqn>LOOKUP(curve, fish) + .price + TIME</eqn></flow></variables></model>""",
)


def test_models_of_modules_become_part_of_the_main_one(read: Reader) -> None:
    """Their variables carry the name of the model, and an input is the variable that it is connected to."""
    source = read(MODULES)
    assert component(source, "seen").ast.arguments == (ref("sea.fish"), ref("price"))
    assert component(source, "sea.price").ast == ref("price")
    assert component(source, "sea.fish").ast == ast.IntegStructure(ref("sea.births"), ref("sea.price"), False)
    call, price, time = component(source, "sea.births").ast.arguments
    assert (call.function, call.arguments, price, time) == (
        ref("response:_table"),
        (ref("sea.fish"),),
        ref("price"),
        ref("time"),
    )
    assert "sea.fish" in flatten(source)


MACRO = document(
    '<aux name="a"><eqn>Smoother(TIME) + Smoother(TIME, 3, 7)</eqn></aux>',
    tail="""<macro name="Smoother"><parm>input</parm><parm default="5">time</parm><parm default="input">first</parm>
<eqn>level</eqn><variables><stock name="level"><eqn>first</eqn><inflow>change</inflow></stock>
<flow name="change"><eqn>(input - level) / time</eqn></flow></variables></macro>""",
)


def test_macros_become_sections(read: Reader) -> None:
    """The equation of a macro is the variable of its own name; parameters hide constants; defaults are filled in."""
    source = read(MACRO)
    first, second = component(source, "a").ast.arguments
    assert (first.arguments, second.arguments) == ((ref("time"), 5.0, ref("time")), (ref("time"), 3.0, 7.0))
    macro = source.model.sections[1]
    assert (macro.name, macro.type, macro.params) == ("Smoother", "macro", ["input", "time", "first"])
    assert [item.name for item in macro.elements] == ["level", "change", "Smoother"]
    assert macro.elements[1].components[0].ast.arguments[1] == ref("time")
    assert flatten(source)["a"].kind is Kind.AUXILIARY


def test_a_macro_may_be_one_of_its_own_variables(read: Reader) -> None:
    """Its equation then names that variable."""
    stock = '<stock name="Keep"><eqn>x</eqn></stock>'
    macro = f"<macro name='Keep'><parm>x</parm><eqn>keep</eqn><variables>{stock}</variables></macro>"
    source = read(document('<aux name="a"><eqn>KEEP(3)</eqn></aux>', tail=macro))
    assert [item.name for item in source.model.sections[1].elements] == ["Keep"]


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoding"), [("", "utf-8"), ("", "utf-8-sig"), ("", "utf-16"), ("gbk", "gbk"), ("iso-8859-1", "latin-1")]
)
def test_the_declared_encoding_and_byte_order_marks_count(read: Reader, name: str, encoding: str) -> None:
    """Without either, a file is UTF-8."""
    word = "Größe" if encoding == "latin-1" else "城市人口"
    start = f'<?xml version="1.0" encoding="{name}"?>' if name else ""
    source = read((start + document(f'<aux name="{word}"><eqn>1</eqn></aux>')).encode(encoding))
    assert component(source, word).ast == 1.0


def test_comments_sections_of_text_and_vendor_tags_change_nothing(read: Reader) -> None:
    """They may stand anywhere, even inside an equation."""
    body = (
        '<aux name="a"><!-- why --><eqn>1 <!-- one -->+ <![CDATA[2 < 3]]></eqn><x:eqn xmlns:x="urn:x">9</x:eqn></aux>'
    )
    tree = component(read(document(body)), "a").ast
    assert tree.operators == ["<"]
    assert tree.arguments[0].arguments == (1.0, 2.0)


def test_documentation_may_stand_beside_a_value(read: Reader) -> None:
    """Vensim documents the times of a run so."""
    source = read(document(head=SPECS.replace("<stop>10", "<stop>10<doc>the last <b>year</b></doc>")))
    assert component(source, "FINAL TIME").ast == 10.0


def test_prefixes_that_stella_does_not_declare_are_read(read: Reader) -> None:
    """Many real files have them."""
    text = document('<aux name="a"><eqn>1</eqn></aux>', head=f'<isee:prefs isee:layer="map"/>{SPECS}')
    assert component(read(text), "a").ast == 1.0


def test_old_files_have_their_variables_right_in_the_model(read: Reader) -> None:
    """Drawing stands between them, and the namespace is another one."""
    text = document('<aux name="a"><eqn>1</eqn><display x="1"/></aux>', namespace="http://www.systemdynamics.org/XMILE")
    assert component(read(text.replace("<variables>", "").replace("</variables>", "")), "a").ast == 1.0


@pytest.mark.parametrize("text", [HARBOUR, MODULES, MACRO], ids=["harbour", "modules", "macro"])
def test_a_file_that_is_cut_off_never_loads(read: Reader, text: str) -> None:
    """Two hundred cuts, from the first character to the last but one."""
    end = len(text.rstrip()) - 1
    for cut in sorted({round(end * number / 199) for number in range(200)}):
        with pytest.raises(UnreadableModel):
            read(text[:cut])


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE xmile>",
        '<!DOCTYPE xmile SYSTEM "model.dtd">',
        '<!DOCTYPE xmile SYSTEM "http://localhost:9/model.dtd">',
        '<!DOCTYPE xmile [<!ENTITY word "1">]>',
        '<!DOCTYPE xmile [<!ENTITY word SYSTEM "secret.txt">]>',
        '<!DOCTYPE xmile [<!ENTITY % more SYSTEM "secret.txt"> %more;]>',
    ],
)
def test_document_types_are_refused(read: Reader, tmp_path: Path, declaration: str) -> None:
    """They could define entities and read other files."""
    (tmp_path / "secret.txt").write_text("42")
    with pytest.raises(UnreadableModel) as caught:
        read(declaration + document('<aux name="a"><eqn>1</eqn></aux>'))
    assert "42" not in faults(caught)
    entity = '<aux name="a"><eqn>&word;</eqn></aux>'
    with pytest.raises(UnreadableModel):
        read(declaration + document(entity))


def test_entity_bombs_are_refused(read: Reader) -> None:
    """A kilobyte that would expand to gigabytes, in text and in an attribute."""
    entities = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 10))
    for use in ('<aux name="a"><eqn>&e9;</eqn></aux>', '<aux name="&e9;"><eqn>1</eqn></aux>'):
        with pytest.raises(UnreadableModel):
            read(f'<!DOCTYPE xmile [<!ENTITY e0 "1111111111">{entities}]>{document(use)}')


BROKEN = [
    (document('<aux name="a"><eqn>1 +</eqn></aux>'), 'harbour.xmile:3, "a": column 4'),
    (document('<aux name="a"/>'), 'harbour.xmile:3, "a": has no equation'),
    (document("<aux><eqn>1</eqn></aux>"), "has no name"),
    (document('<aux name="a b"><eqn>1</eqn></aux><flow name="A_B"><eqn>1</eqn></flow>'), "is defined twice"),
    (
        document('<stock name="s"><eqn>1</eqn><conveyor><len>4</len></conveyor></stock>'),
        "<conveyor> cannot be compiled",
    ),
    (document('<stock name="s"><eqn>1</eqn><queue/></stock>'), "<queue> cannot be compiled"),
    (document('<flow name="f"><leak>0.1</leak></flow>'), "<leak> cannot be compiled"),
    (document('<flow name="f"><eqn>1</eqn><multiplier>3</multiplier></flow>'), "<multiplier> cannot be compiled"),
    (document('<stock name="s"><eqn>1</eqn><v:netflow xmlns:v="urn:v">2</v:netflow></stock>'), "<netflow> cannot"),
    (document('<aux name="a">1<eqn>1</eqn></aux>'), "mixes text with other tags"),
    (document('<gf name="t"><ypts>1,2</ypts></gf>'), "0 points along x, but 2 values"),
    (document('<gf name="t"><xpts>1</xpts><ypts>1,2</ypts></gf>'), "1 points along x, but 2 values"),
    (document('<gf name="t"><xscale min="0"/><ypts>1,2</ypts></gf>'), "<xscale> needs min and max"),
    (document('<gf name="t"><xscale min="0" max="1"/><ypts>1,two</ypts></gf>'), "'two' is no number"),
    (document('<gf name="t" type="spline"><xscale min="0" max="1"/><ypts>1,2</ypts></gf>'), "'spline'"),
    (document('<gf name="t"><xscale min="-1e308" max="1e308"/><ypts>1,2,3</ypts></gf>'), "too large"),
    (document('<aux name="a"><eqn>LOOKUP(1, 2)</eqn></aux>'), "name of a table first"),
    (document(head=SPECS.replace("euler", "gear")), "'gear' is not known"),
    (document(head=""), "no <sim_specs>"),
    (document(head="<sim_specs><start>0</start></sim_specs>"), "no <stop>"),
    (document(head=SPECS.replace("</sim_specs>", '<run by="group"/></sim_specs>')), "runs by group"),
    (document(head=SPECS + '<dimensions><dim name="D"/></dimensions>'), "no elements"),
    (document(head=SPECS + '<dimensions><dim name="D" size="-3"/></dimensions>'), "no elements"),
    (
        document(head=SPECS + '<dimensions><dim name="D" size="1"/><dim name="d" size="1"/></dimensions>'),
        "one that is taken",
    ),
    (
        document(head=SPECS + '<dimensions><dim name="D"><elem name="a"/><elem name="A"/></dim></dimensions>'),
        "same name",
    ),
    (
        document(head=SPECS + "<header><includes><include resource='x.xml'/></includes></header>"),
        "includes other files",
    ),
    (document('<module name="m" resource="m.xmile"/>'), "the module 'm' stands in the file 'm.xmile'"),
    (document('<module name="m"/>'), "the module 'm' has no model"),
    (document('<module name="m"><connect to="m.x" from="y"/></module>'), "'m.x', which is no variable"),
    (document(tail="<model/>"), "two models have no name"),
    (document(tail='<model name="m"/><model name="M"/>'), "two models are called"),
    (document(tail='<model name="m" encryption-scheme="AES"/>'), "encrypted"),
    (document(tail=f'<model name="m">{SPECS.replace("0.5", "1")}</model>'), "times or a step of its own"),
    (document(tail='<macro name="m"/>'), "a name and an equation"),
    (document(tail='<macro name="m"><eqn>1</eqn></macro><macro name="M"><eqn>1</eqn></macro>'), "defined twice"),
    (document(tail='<macro name="m"><parm>x</parm><parm>X</parm><eqn>1</eqn></macro>'), "same name"),
    (document(tail='<macro name="m" filter="flow"><eqn>1</eqn></macro>'), "is a filter"),
    (document(tail=f'<macro name="m"><eqn>1</eqn>{SPECS}</macro>'), "times of its own"),
    (
        document('<aux name="a"><eqn>m(1, 2)</eqn></aux>', tail='<macro name="m"><parm>x</parm><eqn>x</eqn></macro>'),
        "takes 1",
    ),
    (
        document(
            '<aux name="a"><eqn>m()</eqn></aux>',
            tail='<macro name="m"><parm default="b+c">x</parm><eqn>x</eqn></macro>',
        ),
        "default",
    ),
    ("<model/>", "not <xmile>"),
    ("", "is not well-formed"),
    ("<xmile/>", "holds no <model>"),
]


@pytest.mark.parametrize(("text", "found"), BROKEN, ids=[found for _, found in BROKEN])
def test_what_is_wrong_is_said(read: Reader, text: str, found: str) -> None:
    """With the file, and an advice."""
    with pytest.raises(UnreadableModel) as caught:
        read(text)
    assert found in faults(caught)
    assert all(fault.file == "harbour.xmile" and fault.advice for fault in caught.value.faults)


ARRAYS = [
    (
        '<element subscript="South"><eqn>1</eqn></element><element subscript="south"><eqn>1</eqn></element>',
        "defined twice",
    ),
    ('<element subscript="South, 1"><eqn>1</eqn></element>', "does not fit the dimensions"),
    ("<eqn>1, 2, 3</eqn>", "3 numbers are given for 2 elements"),
    ("<eqn>1</eqn><eqn>2</eqn><eqn>3</eqn>", "not as many elements"),
    ("<eqn>Port.East</eqn>", "'East' is no element"),
]


@pytest.mark.parametrize(("inside", "found"), ARRAYS, ids=[found for _, found in ARRAYS])
def test_what_is_wrong_with_an_array_is_said(read: Reader, inside: str, found: str) -> None:
    """Elements are counted and compared."""
    body = f'<aux name="a"><dimensions><dim name="Port"/></dimensions>{inside}</aux>'
    with pytest.raises(UnreadableModel, match=found):
        read(document(body, head=SPECS + DIMENSIONS))


def test_all_faults_of_a_file_are_raised_at_once(read: Reader) -> None:
    """In the order of the file, each with its line."""
    with pytest.raises(UnreadableModel) as caught:
        read(
            document('<aux name="a"><eqn>1 +</eqn></aux>\n<aux name="b"/>\n<flow name="c"><eqn>)</eqn></flow>', head="")
        )
    assert [(fault.line, fault.variable) for fault in caught.value.faults] == [(1, ""), (3, "a"), (4, "b"), (5, "c")]


def test_subscript_bombs_are_refused(read: Reader) -> None:
    """All dimensions of a file together have a limited number of elements."""
    many = "".join(f'<dim name="d{number}" size="400000"/>' for number in range(3))
    with pytest.raises(UnsafeModel, match="elements of dimensions"):
        read(document(head=f"{SPECS}<dimensions>{many}</dimensions>"))


def test_deep_documents_are_refused(read: Reader) -> None:
    """Tags inside one another end before the stack does."""
    with pytest.raises(UnreadableModel, match="inside one another"):
        read(document("<aux>" * 100 + "</aux>" * 100))


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    """They are no models."""
    for path in (tmp_path, tmp_path / "none.xmile"):
        with pytest.raises(UnreadableModel):
            read_xmile(path)


TOKENS = [
    "<eqn>",
    "</eqn>",
    "<gf>",
    "</model>",
    '"',
    "&",
    "<",
    ">",
    "\0",
    "（",
    "[*]",
    "IF",
    "1e999",
    "<element>",
    "{",
    ";",
]


@given(seed=st.integers(0, 2**32), text=st.sampled_from([HARBOUR, MODULES, MACRO]))
def test_mutated_files_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, seed: int, text: str) -> None:
    """Nothing but our own errors comes out of a damaged file."""
    path = tmp_path_factory.getbasetemp() / "mutated.xmile"
    path.write_text(mutated(text, random.Random(seed)))
    with contextlib.suppress(ModelError):
        read_xmile(path)


def mutated(text: str, chance: random.Random) -> str:
    """The text with a few stretches deleted, doubled, replaced or moved."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text))
        end = start + chance.choice((0, 1, 2, 10, 100))
        filling = chance.choice(("", text[start:end] * 2, chance.choice(TOKENS), text[end : end + 40]))
        text = text[:start] + filling + text[end:]
    return text or " "


def test_the_elements_are_those_of_pysds_own_translator(tmp_path: Path) -> None:
    """Where PySD reads a file and has no other precedence, both readings give the same structures."""
    body = """<stock name="s"><eqn>10 * b</eqn><inflow>f</inflow><outflow>g</outflow><units>m</units></stock>
    <flow name="f"><eqn>MAX(s, 3) / b - TIME ^ 2</eqn><non_negative/></flow>
    <flow name="g"><eqn>SMTH3(s, 4, b)</eqn></flow>
    <aux name="b"><eqn>2 + 3 - 4</eqn><range min="0" max="9"/></aux><aux name="c"><eqn>DELAY1(s + b, 2)</eqn></aux>
    <aux name="d"><eqn>s</eqn><gf><xpts>0,1,2</xpts><ypts>3,1,2</ypts></gf></aux><aux name="e"><eqn>c(s)</eqn></aux>
    <aux name="h"><eqn>IF s &gt; 2 AND b &lt;&gt; 3 THEN PULSE(2, 3, 4) ELSE SAFEDIV(s, b)</eqn></aux>
    <aux name="i"><dimensions><dim name="Port"/></dimensions><eqn>s * 2</eqn></aux>
    <aux name="j"><eqn>INIT(s) + STEP(1, 2) + i[South]</eqn></aux>"""
    path = tmp_path / "both.xmile"
    path.write_text(document(body, head=SPECS + DIMENSIONS.replace(' size="3"', "")))
    path.write_text(path.read_text().replace('<dim name="Age"/>', ""))
    theirs = XmileFile(path)
    theirs.parse()
    expected = {item.name: item for item in theirs.get_abstract_model().sections[0].elements}
    for item in read_xmile(path).model.sections[0].elements:
        other = expected.pop(item.name)
        assert (item.units, item.limits) == (other.units, other.limits)
        assert plain(item.components) == plain(other.components)
    assert not expected


def plain(tree: object) -> object:
    """A tree as nested lists, with all numbers as floats."""
    if isinstance(tree, int | float | np.number):
        return float(tree)
    if isinstance(tree, list | tuple):
        return [plain(part) for part in tree]
    if isinstance(tree, ast.AbstractSyntax | AbstractComponent):
        return [type(tree).__name__, *(plain(part) for part in vars(tree).values())]
    return tree
