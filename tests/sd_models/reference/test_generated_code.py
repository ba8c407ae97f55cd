"""The allow-list for Python code that PySD makes of a model."""

from __future__ import annotations

import pytest

from sd_models.errors import UnsafeModel
from sd_models.reference.generated_code import check_code

HEAD = '''"""
Python model 'model.py'
"""
from pathlib import Path
import numpy as np
import xarray as xr
from scipy import stats
from pysd.py_backend.functions import if_then_else, pulse, sum
from pysd.py_backend.statefuls import Integ
from pysd.py_backend.external import ExtConstant
from pysd.py_backend.data import TabData
from pysd.py_backend.model import Macro
from pysd import Component

__pysd_version__ = '3.14.3'
__data = {'scope': None, 'time': lambda: 0}
_root = Path(__file__).parent
_subscript_dict = {'D': ['a', 'b']}
component = Component()
_control_vars = {"initial_time": lambda: 0.0, "final_time": lambda: 2.0}

def _init_outer_references(data):
    for key in data:
        __data[key] = data[key]

@component.add(name="Time")
def time():
    return __data['time']()

@component.add(name='x', subscripts=["D"], comp_type='Stateful', depends_on={'_integ_x': 1}, limits=(np.nan, np.inf))
def x():
    return _integ_x()

_integ_x = Integ(lambda: -x() * 2.0, lambda: xr.DataArray(1.0, {"D": _subscript_dict["D"]}, ["D"]), '_integ_x')
'''
FILES, MACROS = ("data_0.csv",), ("macro_1.py",)


def check(statement: str) -> None:
    """Check the statement in a module like those that PySD writes."""
    check_code(HEAD + statement + "\n", files=FILES, macros=MACROS, file="m.mdl")


def element(expression: str) -> str:
    """A model variable with that expression."""
    return (
        f"@component.add(name='y', comp_type='Auxiliary', comp_subtype='Normal')\ndef y():\n    return {expression}\n"
    )


def test_the_head_is_allowed() -> None:
    """What stands in every model."""
    check("")


@pytest.mark.parametrize(
    "expression",
    [
        "1.0 + 2 - -x() ** 2.0 / 3.0 * time()",
        "if_then_else(x() >= 1.0, lambda: 2.0, lambda: float(np.sin(x())))",
        "pulse(__data['time'], 1.0, width=2.0)",
        "float(x().loc['a'])",
        "x().loc[_subscript_dict['D'], :].rename({'D': 'E'}).transpose('E').reset_coords(drop=True).values",
        "sum(x().rename({'D': 'D!'}), dim=['D!'])",
        "np.random.uniform(0, 1, size=()) + stats.truncnorm.rvs(0.0, 1.0, loc=1.0)",
        "xr.DataArray(np.arange(1, len(_subscript_dict['D'])+1), {'D': ['a']}, ['D']).expand_dims({'E': ['c']}, 0)",
        "[[1., 2.], [3., np.nan]]",
        "__data['time'].time_step()",
    ],
)
def test_expressions_of_models_are_allowed(expression: str) -> None:
    """Arithmetic, calls of PySD's functions, arrays and their parts."""
    check(element(expression))


@pytest.mark.parametrize(
    "statement",
    [
        "_ext_constant_y = ExtConstant(r'data_0.csv', ',', 'A1', {}, _root, {}, '_ext_constant_y')",
        "_ext_constant_y = ExtConstant(r'data_0.csv', ',', 'A1', {}, _root, {}, 'y')\n"
        "_ext_constant_y.add(r'data_0.csv', 1)",
        "_data_y = TabData('y', 'y', {}, 'interpolate')",
        "_macro_y = Macro(_root.joinpath('macro_1.py'), {'in': lambda: x()}, 'm', "
        "time_initialization=lambda: __data['time'], py_name='_macro_y')",
        "_params = {'in': 'in_1'}\n" + element("in_1()"),
        "@component.add(name='y')\ndef y(x, final_subs=None):\n    return _integ_x(x, final_subs)",
        "@component.add(name='y')\ndef y():\n    value = xr.DataArray(np.nan, {}, [])\n    value.loc[['a']] = 1.0\n"
        "    except_subs = xr.ones_like(value, dtype=bool)\n    value.values[except_subs.values] = 2.0\n"
        "    return value",
    ],
)
def test_statements_of_models_are_allowed(statement: str) -> None:
    """Objects that PySD builds beside functions, and definitions in parts."""
    check(statement)


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')",
        "open('x', 'w')",
        "eval('1')",
        "exec('1')",
        "compile('1', '', 'eval')",
        "getattr(x, 'y')",
        "globals()",
        "vars()",
        "input()",
        "print(1)",
        "breakpoint()",
        "x.__globals__",
        "x().__class__",
        "().__class__.__base__.__subclasses__()",
        "''.join(['a'])",
        "'{0.__class__}'.format(x)",
        "f'{x()}'",
        "x().to_netcdf('x.nc')",
        "x().values.tofile('x')",
        "x().values.dump('x')",
        "np.save('x', 1)",
        "np.load('x')",
        "np.fromfile('x')",
        "np.memmap('x')",
        "np.lib.format",
        "np.ctypeslib.load_library",
        "np.random.uniform.__self__",
        "np",
        "xr.open_dataset('x')",
        "xr.backends",
        "stats.os",
        "Path('x')",
        "Path('x').touch()",
        "_root.joinpath('x')",
        "_root.parent",
        "_root.write_text('x')",
        "__file__",
        "__builtins__",
        "__data",
        "__data['scope']",
        "__data['scope'].run(output_file='x.nc')",
        "__data['time'].__class__",
        "component",
        "component.namespace",
        "Component()",
        "Macro",
        "Macro('x.py')",
        "Macro(_root.joinpath('x.py'), {}, 'm')",
        "Macro(_root.joinpath('macro_1.py'), open('x', 'w'), 'm')",
        "Macro(_root.joinpath('macro_1.py'), {}, open('x', 'w'))",
        "Macro(_root.joinpath('macro_1.py'), {}, 'm', None, None, '/etc/passwd')",
        "Macro(_root.joinpath('macro_1.py'), {}, 'm', data_files='/etc/passwd')",
        "Macro(py_model_file='x.py')",
        "ExtConstant",
        "[ExtConstant][0]('x.csv')",
        "ExtConstant('/etc/passwd', ',', 'A1', {}, _root, {}, 'y')",
        "ExtConstant('../x.csv', ',', 'A1', {}, _root, {}, 'y')",
        "ExtConstant('data_0' + '.csv', ',', 'A1', {}, _root, {}, 'y')",
        "ExtConstant(file_name='/etc/passwd')",
        "ExtConstant(**{'file_name': '/etc/passwd'})",
        "ExtConstant(*['/etc/passwd'])",
        "_integ_x.add('/etc/passwd')",
        "_integ_x.add(*['/etc/passwd'])",
        "_integ_x.add",
        "_integ_x.initialize()",
        "TabData.load_data",
        "[y for y in [1]]",
        "{y for y in [1]}",
        "(yield)",
        "(z := 1)",
        "1 if x() else 2",
        "x() and x()",
        "not x()",
        "lambda z: z",
        "lambda z=1: 1",
        "x() @ x()",
        "x() << 2",
        "x() % 2",
        "~x()",
        "1j",
        "b'x'",
        "...",
        "unknown()",
        "f(**{})",
        "(lambda: x)()()",
        "[x][0]()()",
        "(x if 1 else x)()",
        "(-x)()",
        "{**{}}['a'](1)",
    ],
)
def test_other_expressions_are_refused(expression: str) -> None:
    """Whatever no model needs: other names, attributes, kinds of expressions, files, and detours to them."""
    with pytest.raises(UnsafeModel, match=r"m\.mdl"):
        check(element(expression))


@pytest.mark.parametrize(
    "statement",
    [
        "import os",
        "import numpy",
        "import numpy as os",
        "import os as np",
        "from os import system",
        "from os import *",
        "from pysd.py_backend.functions import np",
        "from pysd.py_backend.model import pickle",
        "from pysd.py_backend.functions import sum as open",
        "from . import x",
        "from pathlib import os",
        "x()",
        "print(1)",
        "open('x', 'w')",
        "y = open",
        "_params = {'in': 'open'}\n" + element("open('x', 'w')"),
        "_root = Path('/')",
        "_root = 1",
        "__data = {}",
        "component = x",
        "__builtins__ = 1",
        "__file__ = '/etc/passwd'",
        "np.nan = 1",
        "np = 1\n" + element("np.save('x', 1)"),
        "_subscript_dict['D'] = 1",
        "_root.x = 1",
        "y = z = 1",
        "y, z = 1, 2",
        "y: int = 1",
        "y += 1",
        "del x",
        "assert x()",
        "raise x()",
        "global x",
        "pass",
        "if x():\n    y = 1",
        "for y in x():\n    z = 1",
        "while True:\n    y = 1",
        "with x():\n    y = 1",
        "try:\n    y = 1\nfinally:\n    y = 2",
        "class Y:\n    y = 1",
        "async def y():\n    return 1",
        "def y():\n    return 1",
        "def _init_outer_references(data):\n    return 1",
        "@component.add(name='y')\n@x\ndef y():\n    return 1",
        "@x\ndef y():\n    return 1",
        "@component.add('y')\ndef y():\n    return 1",
        "@component.add(name=open('x', 'w'))\ndef y():\n    return 1",
        "@component.add(name='y')\ndef y(z=open('x', 'w')):\n    return 1",
        "@component.add(name='y')\ndef y() -> open('x', 'w'):\n    return 1",
        "@component.add(name='y')\ndef __y():\n    return 1",
        "@component.add(name='y')\ndef y():\n    import os\n    return 1",
        "@component.add(name='y')\ndef y():\n    np.nan = 1\n    return 1",
        "__pysd_version__ = x()",
        "z.add([1])",
        "x() + 1",
        "y = (",
        "y = " + "(" * 500 + "1" + ")" * 500,
        "y = " + "-" * 100_000 + "1",
        "\0",
    ],
)
def test_other_statements_are_refused(statement: str) -> None:
    """Whatever no model needs, also where it does not parse."""
    with pytest.raises(UnsafeModel, match=r"m\.mdl"):
        check(statement)


LOOK = "Look for quotes and backslashes in names, subscripts and the arguments of GET DIRECT functions."


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("y = (", f"m.mdl: its names or texts break the Python code that PySD makes of it. {LOOK}"),
        ("\0", f"m.mdl: its names or texts break the Python code that PySD makes of it. {LOOK}"),
        (
            "y = " + "+".join(["1"] * 900),
            "m.mdl: an equation is nested too deeply. Split the longest equation.",
        ),
        *(
            (code, f"m.mdl: it would make PySD run Python code that belongs to no model: {code!r}. {LOOK}")
            for code in (
                "import os",
                "__pysd_version__ = x()",
                "z.add([1])",
                "[x][0]()()",
                "_root = Path('/')",
                "x() + 1",
                "x.loc = 1",
            )
        ),
        (
            "if x():\n    yy = 1\n    zz = 1\n" + "    pp = 1\n" * 9,
            "m.mdl: it would make PySD run Python code that belongs to no model: "
            f"{('if x(): yy = 1 zz = 1' + ' pp = 1' * 9)[:80]!r}. {LOOK}",
        ),
    ],
)
def test_what_is_refused_is_shown(statement: str, told: str) -> None:
    """On one line, no more of it than fits there, with the model's file and what to look for."""
    with pytest.raises(UnsafeModel) as caught:
        check(statement)
    assert str(caught.value) == told


def test_what_is_handed_on_without_a_name_is_shown() -> None:
    """The part alone: `**` and what follows it."""
    with pytest.raises(UnsafeModel, match=r"no model: \"\{'a': 1\}\"\."):
        check(element("time(**{'a': 1})"))


def test_arguments_of_a_lookup_are_known() -> None:
    """Also where no variable has their names."""
    lookup = "@component.add(name='y')\ndef y(x, final_subs=None):\n    return x + final_subs\n"
    check_code("from pysd import Component\ncomponent = Component()\n" + lookup, files=(), macros=())


def test_a_model_without_a_name_is_refused_without_one() -> None:
    """Its file is known to who calls."""
    with pytest.raises(UnsafeModel, match=r"^its names or texts"):
        check_code("y = (", files=(), macros=())
