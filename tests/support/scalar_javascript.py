"""A stand-in for the model of a page: CasADi's own instructions, one number after another, as JavaScript."""

from __future__ import annotations

from collections.abc import Sequence

import casadi as ca
import numpy as np

from optimize.pages.arrays import packed
from optimize.pages.engine import Engine
from sd_models.dynamics.timing import TimeSpan
from sd_models.simulator.compilation import CompiledModel
from sd_models.simulator.simulation import compile
from sd_models.system.model import System

BINARY = {
    ca.OP_ADD: "{}+{}", ca.OP_SUB: "{}-{}", ca.OP_MUL: "{}*{}", ca.OP_DIV: "{}/{}", ca.OP_POW: "Math.pow({},{})",
    ca.OP_CONSTPOW: "Math.pow({},{})", ca.OP_LT: "+({}<{})", ca.OP_LE: "+({}<={})", ca.OP_EQ: "+({}==={})",
    ca.OP_NE: "+({}!=={})", ca.OP_AND: "+({}!==0&&{}!==0)", ca.OP_OR: "+({}!==0||{}!==0)",
    ca.OP_FMIN: "Math.min({},{})", ca.OP_FMAX: "Math.max({},{})", ca.OP_IF_ELSE_ZERO: "({}!==0?{}:0)",
    ca.OP_FMOD: "{}%{}", ca.OP_ATAN2: "Math.atan2({},{})",
}  # fmt: skip
UNARY = {
    ca.OP_ASSIGN: "{}", ca.OP_NEG: "-{}", ca.OP_EXP: "Math.exp({})", ca.OP_LOG: "Math.log({})",
    ca.OP_SQRT: "Math.sqrt({})", ca.OP_SQ: "{0}*{0}", ca.OP_TWICE: "2*{}", ca.OP_SIN: "Math.sin({})",
    ca.OP_COS: "Math.cos({})", ca.OP_TAN: "Math.tan({})", ca.OP_FABS: "Math.abs({})", ca.OP_SIGN: "Math.sign({})",
    ca.OP_FLOOR: "Math.floor({})", ca.OP_CEIL: "Math.ceil({})", ca.OP_NOT: "+({}===0)", ca.OP_INV: "1/{}",
}  # fmt: skip
CHUNK = 600  # instructions of one JavaScript function

RUN = """(function(data){
const T=data.times,P=T.length,D=data.table,R=data.dataRows,L=data.sizes;
%s
const start=%s,step=%s;
const given=(o,k)=>[o.levers.subarray(o.column[k]*L[1],(o.column[k]+1)*L[1]),o.constants,D.subarray(k*R,(k+1)*R)];
function begin(o){const x=new Float64Array(L[0]);start([...given(o,0),[],[T[0]]],[x]);return x}
function walk(o,x,k,last,kept){
let y=new Float64Array(L[0]);const out=new Float64Array(L[3]);
for(;k<=last;k++){step([x,...given(o,k),[T[k]]],[y,out]);if(kept)kept(k,out);const z=x;x=y;y=z}
return x}
return{levers:L[1],constants:L[2],outputs:L[3],stocks:L[0],times:T,
run(o){
const x=o.from?o.from.stocks.slice():begin(o),at=o.at,found=new Float64Array(at.length*L[3]);let i=0;
walk(o,x,o.from?o.from.step:0,at.length?at[at.length-1]:-1,(k,out)=>{if(k===at[i])found.set(out,i++*L[3])});
return found},
stocksAt(o){return{step:o.step,stocks:walk(o,begin(o),0,o.step-1,null).slice()}}}})"""


def scalar_engine(
    system: System, *, levers: Sequence[str], constants: Sequence[str], outputs: Sequence[str], time: TimeSpan
) -> Engine:
    """The model with these inputs and outputs; outputs that cannot change are left out."""
    model = compile(system, levers=levers, constants=constants, outputs=outputs, time=time).model
    shared: list[str] = []
    start, step = (_function(function, prefix, shared) for function, prefix in ((model.start, "a"), (model.step, "b")))
    return Engine(
        RUN % ("\n".join(shared), start, step),
        _data(model),
        model.levers.rows,
        model.constants.rows,
        model.outputs.rows,
    )


def _data(model: CompiledModel) -> dict[str, object]:
    return {
        "times": packed(np.asarray(model.grid.times, dtype=np.float64)),
        "table": packed(np.asarray(model.data_table.T, dtype=np.float64)),
        "dataRows": len(model.data_table),
        "sizes": [model.states.size, model.levers.size, model.constants.size, model.outputs.size],
    }


def _function(function: ca.Function, prefix: str, shared: list[str]) -> str:
    """A function of (inputs, outputs) whose instructions stand in functions of bounded length before it."""
    symbols = [ca.SX.sym("i", function.sparsity_in(i)) for i in range(function.n_in())]
    dense = ca.Function("f", symbols, [ca.densify(out) for out in function.call(symbols)])
    lines = [_line(dense, k) for k in range(dense.n_instructions())]
    parts = [lines[i : i + CHUNK] for i in range(0, len(lines), CHUNK)]
    shared.append(f"const {prefix}w=new Float64Array({dense.sz_w() + 1});")
    shared += [f"function {prefix}{i}(I,O,w){{{''.join(part)}}}" for i, part in enumerate(parts)]
    return "(I,O)=>{" + "".join(f"{prefix}{i}(I,O,{prefix}w);" for i in range(len(parts))) + "}"


def _line(function: ca.Function, k: int) -> str:
    kind, inputs, outputs = function.instruction_id(k), function.instruction_input(k), function.instruction_output(k)
    if kind == ca.OP_CONST:
        value = function.instruction_constant(k)
        text = repr(value) if np.isfinite(value) else "NaN" if np.isnan(value) else f"{'-' * (value < 0)}Infinity"
        return f"w[{outputs[0]}]={text};"
    if kind == ca.OP_INPUT:
        return f"w[{outputs[0]}]=I[{inputs[0]}][{inputs[1]}];"
    if kind == ca.OP_OUTPUT:
        return f"O[{outputs[0]}][{outputs[1]}]=w[{inputs[0]}];"
    form = UNARY[kind] if kind in UNARY else BINARY[kind]
    return f"w[{outputs[0]}]={form.format(*(f'w[{i}]' for i in inputs))};"
