"""What no policy can be better than.

- `tolerances.py`: by how much a solver's tolerance may move the objective, along the equations of a run
- `globally.py`: the solvers that bound a transcription, and what they tell
- `bound.py`: a problem to its bound
"""
