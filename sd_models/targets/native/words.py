"""Values of machine code with the signs of arithmetic: numbers, or several positions of a row side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir

NUMBER, WHOLE, FLAG, SHORT, POINTER = (
    ir.DoubleType(),
    ir.IntType(64),
    ir.IntType(1),
    ir.IntType(32),
    ir.PointerType(),
)
Value: TypeAlias = Any  # llvmlite's values have no common type that knows its operators


def vector(kind: ir.Type, width: int) -> ir.Type:
    """The type of so many side by side; of one it is the kind itself."""
    return ir.VectorType(kind, width) if width > 1 else kind


def constant(value: float, width: int = 1) -> ir.Constant:
    """A number, or the same number at each position."""
    return ir.Constant(vector(NUMBER, width), [float(value)] * width if width > 1 else float(value))


def whole(value: int, width: int = 1, kind: ir.Type = WHOLE) -> ir.Constant:
    """A whole number, or the same at each position."""
    return ir.Constant(vector(kind, width), [int(value)] * width if width > 1 else int(value))


def each_whole(values: Any, kind: ir.Type = WHOLE) -> ir.Constant:
    """A whole number for each position."""
    return ir.Constant(ir.VectorType(kind, len(values)), [int(value) for value in values])


def width_of(value: Value) -> int:
    """The number of positions of a value."""
    return int(value.type.count) if isinstance(value.type, ir.VectorType) else 1


def declared(module: ir.Module, name: str, kind: ir.FunctionType) -> ir.Function:
    """The function of this name in a module, declared where it is not there yet."""
    found = module.globals.get(name)
    return found if found is not None else ir.Function(module, kind, name)


def table(module: ir.Module, name: str, kind: ir.Type, values: Any) -> ir.GlobalVariable:
    """Constant numbers in a module, under a name."""
    found = module.globals.get(name)
    if found is not None:
        return found
    numbers = [value.item() for value in np.asarray(values).ravel()]
    given = ir.ArrayType(kind, len(numbers))
    made = ir.GlobalVariable(module, given, name)
    made.linkage, made.global_constant, made.unnamed_addr = "internal", True, True
    made.align = 64
    made.initializer = ir.Constant(given, numbers)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A value that formulas can be written with."""

    builder: ir.IRBuilder
    value: Value

    def of(self, value: Value) -> Word:
        """Another value of the same code."""
        return Word(self.builder, value)

    def _plain(self, other: Word | float) -> Value:
        return other.value if isinstance(other, Word) else constant(other, width_of(self.value))

    def __add__(self, other: Word | float) -> Word:
        return self.of(self.builder.fadd(self.value, self._plain(other)))

    def __sub__(self, other: Word | float) -> Word:
        return self.of(self.builder.fsub(self.value, self._plain(other)))

    def __rsub__(self, other: float) -> Word:
        return self.of(self.builder.fsub(self._plain(other), self.value))

    def __mul__(self, other: Word | float) -> Word:
        return self.of(self.builder.fmul(self.value, self._plain(other)))

    def __truediv__(self, other: Word | float) -> Word:
        return self.of(self.builder.fdiv(self.value, self._plain(other)))

    def __neg__(self) -> Word:
        return self.of(self.builder.fneg(self.value))

    def plus_product(self, one: Word | float, other: Word | float) -> Word:
        """This plus a product, rounded once."""
        kind = self.value.type
        suffix = f"v{width_of(self.value)}f64" if width_of(self.value) > 1 else "f64"
        fused = declared(self.builder.module, f"llvm.fma.{suffix}", ir.FunctionType(kind, [kind] * 3))
        return self.of(self.builder.call(fused, [self._plain(one), self._plain(other), self.value]))

    def bits(self) -> Value:
        """The bits of the number as a whole number."""
        return self.builder.bitcast(self.value, vector(WHOLE, width_of(self.value)))

    def from_bits(self, bits: Value) -> Word:
        """The number of which these are the bits."""
        return self.of(self.builder.bitcast(bits, self.value.type))
