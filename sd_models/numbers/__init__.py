"""Expressions to NumPy: what can be computed without a run, so that neither reading nor rewriting needs CasADi.

- `functions.py`: an implementation of each function
- `tables.py`: tables and data series between their points, and beyond them
- `evaluation.py`: the values of variables at one time, and of data at many
"""
