"""Plans: what may be decided, what for and within which limits, and what that means in a model.

- `affine.py`: affine expressions of levers and outcomes
- `plan.py`: a plan in TOML or Python: levers, objective, limits
- `naming.py`: variables as a plan names them
- `assumptions.py`: what a plan assumes otherwise than its model
- `kinds.py`: what the rows of a plan are
- `horizon.py`: the time points of a plan, its periods and windows
- `levers.py`: levers as columns
- `reach.py`: how soon levers reach a variable
- `quantities.py`: outcomes, numbers made of a run in windows of it
- `units.py`: units that a plan brings together and that are not the same
- `limits.py`: limits as rows of levers and outcomes
- `ramps.py`: how far levers move from one period to the next, as rows
- `candidates.py`: what of a model can be decided, how far, and what that moves
- `draft.py`: a plan to start from, for any model
"""
