"""What no policy can be better than.

- `tolerances.py`: by how much a solver's tolerance may move the objective, along the equations of a run
- `polynomials.py`: numbers as polynomials of the levers, with all that may be added to them
- `enclosure.py`: all runs at once whose levers lie in a box
- `relaxation.py`: what a polynomial can be at most where limits hold
- `branching.py`: boxes of levers made smaller by limits and split, to a bound
- `globally.py`: the solvers that bound a transcription, and what they tell
- `bound.py`: a problem to its bound
"""
