"""A model as JavaScript: the text of a function that makes it, and the numbers that the function reads.

The function takes these numbers as typed arrays by name and returns an object:

- `stocks`, `levers`, `constants`, `initials`, `outputs`: how many numbers each of these columns has, in the order of
  the layouts of the tape;
- `times`: all time points;
- `run({levers, column, constants, initials, at, from})`: the outputs at the time points whose numbers `at` lists in
  ascending order, one column after the other. `levers` holds columns of levers, `column` says which of them holds at
  each time point. `from` is null for a whole run, or what `stocksAt` gave: the run begins there;
- `stocksAt({levers, column, constants, initials, step})`: the stocks at a time point, as `{step, stocks}`.

Its functions share no memory with those of another model, and keep nothing from run to run.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...dynamics.preparation import Layout
from ...dynamics.timing import TimeSpan
from ...system.model import FloatArray, IndexArray, Interpolation, Series, System
from ...tape import lowering
from ...tape.tracing import OUTPUTS, STOCKS, TapedModel, trace
from .emission import Emission, Pool
from .operations import HELPERS
from .schedule import Part, constant_all_through

KINDS: Mapping[Interpolation, int] = {
    Interpolation.LINEAR: 0,
    Interpolation.EXTRAPOLATE: 1,
    Interpolation.BACKWARD: 2,
    Interpolation.FORWARD: 3,
}
"""How the helper `lookup` calls each way to read a table."""


IMPLEMENTATIONS: Mapping[str, object] = lowering.IMPLEMENTATIONS
"""Every function that can run in a page: each that a tape can hold, since every operation has its text."""


@dataclass(frozen=True)
class JavaScript:
    """A model for a page. `text` is an expression, a function of the `data`; `model` says what stands in which row.

    >>> import sd_models as sd
    >>> program = sd.javascript(sd.load("urbanization"), constants=["mobility"], outputs=["national urban share"])
    >>> program.outputs.rows
    {'national urban share': slice(0, 1, None)}
    """

    text: str
    data: Mapping[str, npt.NDArray[Any]]
    model: TapedModel

    @property
    def levers(self) -> Layout:
        """The rows of a column of levers."""
        return self.model.levers

    @property
    def constants(self) -> Layout:
        """The rows of the constants."""
        return self.model.constants

    @property
    def outputs(self) -> Layout:
        """The rows of a column of outputs; those that cannot change stand in `model.fixed`."""
        return self.model.outputs

    @property
    def encoded(self) -> dict[str, dict[str, str]]:
        """The data for a JSON document: of each array its type (`Float64Array`, `Int32Array`) and its bytes, base64."""
        return {name: encoded(array) for name, array in self.data.items()}


def encoded(array: npt.NDArray[Any]) -> dict[str, str]:
    """An array for a JSON document: numbers as doubles, whole ones as 32-bit integers, least byte first.

    >>> encoded(np.array([1, 2]))
    {'type': 'Int32Array', 'bytes': 'AQAAAAIAAAA='}
    """
    whole = np.issubdtype(array.dtype, np.integer)
    plain = np.ascontiguousarray(array, dtype="<i4" if whole else "<f8")
    kind = "Int32Array" if whole else "Float64Array"
    return {"type": kind, "bytes": base64.b64encode(plain.tobytes()).decode("ascii")}


def javascript(
    system: System,
    *,
    levers: Iterable[str] = (),
    constants: Iterable[str] = (),
    initial: Iterable[str] = (),
    outputs: Iterable[str] | None = None,
    time: TimeSpan | None = None,
    still: bool = False,
) -> JavaScript:
    """The model with these inputs as JavaScript; `outputs` are all variables unless named.

    Outputs that cannot change stand in `model.fixed`; with `still` the program gives them too.

    Raises InvalidModel for what cannot become instructions, InvalidRequest for names that do not fit.

    >>> import sd_models as sd
    >>> model = sd.javascript(sd.load("urbanization"), constants=["mobility"], outputs=["national urban share"])
    >>> model.text.startswith("function")
    True
    """
    inputs = {"levers": levers, "constants": constants, "initial": initial}
    return written(trace(system, **inputs, outputs=outputs, time=time, still=still))


def written(model: TapedModel) -> JavaScript:
    """The JavaScript of a taped model."""
    pool = Pool()
    places = _stock_places(model)
    start = Emission.of(
        model.start,
        "b",
        {Part.STEP: model.start.results[STOCKS]},
        np.zeros(len(model.start.instructions), dtype=bool),
        places,
        pool,
    )
    step = Emission.of(
        model.step,
        "f",
        {Part.STEP: model.step.results[STOCKS], Part.OUTPUT: model.step.results[OUTPUTS]},
        constant_all_through(model.step),
        places,
        pool,
    )
    text = _text(model, start, step)  # fills the pool
    data = {
        "times": model.grid.times,
        "data": model.data_table.T.ravel(),
        "rows": np.array(pool.rows or [0.0]),
        "indices": np.array(pool.indices or [0], dtype=np.int64),
        **_tables(model.step.tables),
    }
    return JavaScript(text, data, model)


def _stock_places(model: TapedModel) -> IndexArray:
    """For each stock of the layout its place in a run: rows that are read together stand together."""
    order = np.concatenate([placed.elements for placed in model.step.results[STOCKS]] or [np.zeros(0, dtype=np.int64)])
    places = np.empty(model.states.size, dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def _tables(found: Sequence[Series]) -> dict[str, npt.NDArray[Any]]:
    """The points of all tables, one after the other, and the slope to the right of each."""
    lengths = [len(series.x) for series in found]
    return {
        "tableStart": np.cumsum([0, *lengths], dtype=np.int64),
        "tableKind": np.array([KINDS[series.interpolation] for series in found] or [0], dtype=np.int64),
        "tableX": np.concatenate([series.x for series in found] or [np.zeros(1)]),
        "tableY": np.concatenate([series.y.ravel() for series in found] or [np.zeros(1)]),
        "tableSlope": np.concatenate([_slopes(series) for series in found] or [np.zeros(1)]),
    }


def _slopes(series: Series) -> FloatArray:
    rise, width = np.diff(series.y.ravel()), np.diff(series.x)
    return np.append(np.divide(rise, width, out=np.zeros_like(rise), where=width > 0), 0.0)


_RUN = """
var K=T.times.length,C=T.rows,G=T.indices,D=T.data,NONE=new Float64Array(1);
var M=new Float64Array(@memory@),W=new Float64Array(@begin@),A=new Float64Array(@stocks@),B=new Float64Array(@stocks@);
function begin(q){
var U=q.levers||NONE,P=q.constants||NONE,I=q.initials||NONE,S=NONE,O=NONE,N=A,M=W,u=q.column?q.column[0]*@levers@:0;
var d=0,o=0,t=T.times[0];
@start@}
function go(q,first,last,at,O){
var U=q.levers||NONE,P=q.constants||NONE,I=NONE,S=A,N=B,u=0,d=0,o=0,t=0,j=0,k,X;
while(j<at.length&&at[j]<first)j++;
@once@
for(k=first;k<last;k++){
u=q.column?q.column[k]*@levers@:0;d=k*@data@;t=T.times[k];
@step@
if(j<at.length&&at[j]===k){o=j*@outputs@;
@output@
j++}
X=S;S=N;N=X}
return S}
return {stocks:@stocks@,levers:@levers@,constants:@constants@,initials:@initials@,outputs:@outputs@,times:T.times,
run:function(q){
var n=q.at.length,O=new Float64Array(n*@outputs@),first=0;
if(q.from){A.set(q.from.stocks);first=q.from.step}else begin(q);
if(n)go(q,first,q.at[n-1]+1,q.at,O);
return O},
stocksAt:function(q){begin(q);return{step:q.step,stocks:go(q,0,q.step,[],NONE).slice()}}}"""


def _text(model: TapedModel, start: Emission, step: Emission) -> str:
    parts = {
        "memory": step.memory.size,
        "begin": start.memory.size,
        "stocks": model.states.size,
        "levers": model.levers.size,
        "constants": model.constants.size,
        "initials": model.initials.size,
        "outputs": model.outputs.size,
        "data": len(model.data_table),
        "start": start.calls(Part.STEP),
        "once": step.calls(Part.ONCE),
        "step": step.calls(Part.STEP),
        "output": step.calls(Part.OUTPUT),
    }
    run = _RUN
    for name, value in parts.items():
        run = run.replace(f"@{name}@", str(value))
    return f"function(T){{\n{HELPERS}\n{start.text}\n{step.text}\n{run}\n}}"
