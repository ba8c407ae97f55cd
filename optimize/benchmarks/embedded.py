"""Generated JavaScript in an embedded V8, which runs it as a page would."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import numpy.typing as npt
from py_mini_racer import MiniRacer

from sd_models.system.model import FloatArray
from sd_models.targets.javascript.program import JavaScript, encoded

# V8 alone knows neither atob nor btoa. Numbers cross as hexadecimal text: as JSON they would lose NaN and infinity.
DECODE = """
function bytes(hex){var b=new Uint8Array(hex.length/2);for(var i=0;i<b.length;i++)b[i]=parseInt(hex.substr(2*i,2),16);
return b.buffer}
function decoded(e){return e.type==='Int32Array'?new Int32Array(bytes(e.bytes)):new Float64Array(bytes(e.bytes))}
function all(e){var o={};for(var k in e)o[k]=e[k]===null||e[k].bytes===undefined?e[k]:decoded(e[k]);return o}
function hex(a){var b=new Uint8Array(a.buffer,a.byteOffset,a.byteLength),s='';
for(var i=0;i<b.length;i++)s+=(b[i]<16?'0':'')+b[i].toString(16);return s}
"""


def _hex(array: npt.ArrayLike) -> dict[str, str]:
    text = encoded(np.asarray(array))
    return {**text, "bytes": base64.b64decode(text["bytes"]).hex()}


class Engine:
    """A model in V8."""

    def __init__(self, program: JavaScript) -> None:
        self.program = program
        self.racer = MiniRacer()
        self.racer.eval(DECODE)
        data = {name: _hex(array) for name, array in program.data.items()}
        self.racer.eval(f"var model=({program.text})(all({json.dumps(data)})),states={{}}")

    def run(
        self,
        levers: FloatArray | None = None,
        constants: FloatArray | None = None,
        initials: FloatArray | None = None,
        *,
        at: Any = None,
        column: Any = None,
        since: str | None = None,
    ) -> FloatArray:
        """Outputs (rows, times kept); `levers` is (rows, columns), one column for each time unless `column` is given.

        `since` names a state that `keep` kept.
        """
        count = len(self.program.model.grid.times)
        kept = np.arange(count) if at is None else np.asarray(at)
        given = self._given(levers, constants, initials, column)
        query = f"Object.assign(all({json.dumps({**given, 'at': _hex(kept)})}),{{from:{self._state(since)}}})"
        found = self.racer.eval(f"hex(model.run({query}))")
        return np.frombuffer(bytes.fromhex(str(found))).reshape(len(kept), self.program.outputs.size).T

    def keep(self, name: str, step: int, levers: FloatArray | None = None, constants: FloatArray | None = None) -> None:
        """Keeps the stocks at a time point under a name."""
        given = self._given(levers, constants, None, None)
        self.racer.eval(f"states[{name!r}]=model.stocksAt(Object.assign(all({json.dumps(given)}),{{step:{step}}}));0")

    def _state(self, name: str | None) -> str:
        return "null" if name is None else f"states[{name!r}]"

    def _given(
        self, levers: FloatArray | None, constants: FloatArray | None, initials: FloatArray | None, column: Any
    ) -> dict[str, Any]:
        count = len(self.program.model.grid.times)
        parts = {"levers": levers, "constants": constants, "initials": initials}
        given = {name: _hex(np.asarray(values).T.ravel()) for name, values in parts.items() if values is not None}
        return {**given, "column": _hex(np.arange(count) if column is None else np.asarray(column))}
