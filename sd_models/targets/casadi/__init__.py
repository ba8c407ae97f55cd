"""Expressions to CasADi.

- `arithmetic.py`: the operations on columns, reductions and tables
- `lowering.py`: expressions over dimensions to matrices
- `evaluation.py`: values of expressions that need no run
- `buffers.py`: calls of compiled functions without copies
"""
