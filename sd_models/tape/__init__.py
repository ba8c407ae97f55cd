"""A system as a straight line of instructions over rows: the ground of targets that are programs.

A row is one number for each position along the long dimension (the regions); everything else is an instruction of its
own. A model has as many instructions with 31 regions as with 2,844. Nothing here needs CasADi.

- `instructions.py`: what a tape is
- `arithmetic.py`: its operations in NumPy
- `recording.py`: instructions, each once; what is known is computed at once
- `lanes.py`: which dimension is the long one
- `cells.py`: the elements of a variable while its equations are put together
- `matrices.py`: inverses as instructions
- `lowering.py`: expressions to instructions
- `tracing.py`: a prepared system to the tapes of its first stocks and of one step
- `running.py`: tapes run in NumPy
- `derivatives.py`: tangents and reverse sweeps of tapes, which are tapes again
- `columns.py`: columns with the rows of a tape side by side, as vectors take them

Why rows along one dimension only: a step of the flagship has some thousand instructions, most of them over regions;
rows of several dimensions would need loops within loops in every target, for few instructions less.
"""
