"""Runs of a model, as people ask for them.

- `engine.py`: what computes a run
- `policy.py`: a CSV file with the paths of levers
- `scenario.py`: a model with other constants, levers and times, and its run
- `selection.py`: what of a run is shown
- `comparison.py`: two runs of the same model held against each other
- `checking.py`: what can be compiled, whether units agree, and the gap to PySD
"""
