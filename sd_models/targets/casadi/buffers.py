"""CasADi functions on NumPy arrays without copies between element-wise containers.

CasADi's own call turns every array into its matrix type and back, which takes longer than a run of a small model; its
function buffers read and write NumPy memory directly.
"""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np

from ...system.model import FloatArray


def call(function: ca.Function, *arrays: FloatArray) -> list[FloatArray]:
    """The outputs of a CasADi function with dense inputs; each array has the shape of its input."""
    buffer: Any  # the stubs ask for sizes, which the bindings take from the memory itself
    buffer, evaluate = function.buffer()
    inputs = [np.ascontiguousarray(array.T, dtype=np.float64).reshape(-1) for array in arrays]
    outputs = [np.empty(function.nnz_out(i)) for i in range(function.n_out())]
    for i, array in enumerate(inputs):
        if array.size:
            buffer.set_arg(i, array.data)
    for i, array in enumerate(outputs):
        if array.size:
            buffer.set_res(i, array.data)
    evaluate()
    return [_full(function.sparsity_out(i), array) for i, array in enumerate(outputs)]


def _full(sparsity: ca.Sparsity, values: FloatArray) -> FloatArray:
    """The matrix of the values in column order; what is zero for every input, as some gradients are, has none."""
    if sparsity.is_dense():
        return values.reshape(sparsity.shape[::-1]).T
    matrix = np.zeros(sparsity.shape)
    matrix[sparsity.row(), sparsity.get_col()] = values
    return matrix
