"""What a run is, before anything computes it: which numbers go in and out, and how one step follows from the last.

Nothing here knows what a column is made of: symbols, numbers, or instructions of a tape. A target brings its arithmetic
and its way to align expressions, and gets the first stocks, the step and the outputs from here.

- `functions.py`: the functions of the catalogue, made of the operations of an arithmetic
- `timing.py`: the time points of a run
- `integration.py`: Euler and Runge-Kutta steps
- `preparation.py`: a system with its inputs, states and outputs, as rows of columns
- `evaluation.py`: the variables at one moment, stage by stage
- `step.py`: the first stocks, and the stocks one step later with the outputs now
"""
