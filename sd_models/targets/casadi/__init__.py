"""Expressions to CasADi.

- `functions.py`: an implementation of each function
- `lowering.py`: expressions over dimensions to matrices
- `evaluation.py`: values of expressions that need no run
- `buffers.py`: calls of compiled functions without copies
"""
