"""Targets: what a `System` is made into.

- `casadi/`: symbolic steps, for runs and exact derivatives
- `native/`: a tape to machine code, for runs and exact derivatives
- `latex.py`: equations as a modeller would set them
- `javascript/`: a tape to a program for pages
- `table.py`: all of them, and which functions each implements
"""
