"""From a model to decisions.

The optimization, in the order of its stages:

- `plan.py`: a plan in TOML or Python: levers, objective, limits
- `gathering.py`: faults gathered, to be raised together
- `affine.py`, `horizon.py`, `levers.py`, `quantities.py`, `limits.py`, `problem.py`: the plan meets a model
- `evaluation.py`: the outcomes of a policy and their gradients
- `program.py`: the problem as arrays
- `statement.py`: the problem as a Pyomo model, which people may extend, and back to arrays
- `optimality.py`: how far a point is from an optimum, computed apart from any solver
- `starts.py`: where a search begins
- `solvers/`: methods that solve it

The command line:

- `names.py`: `name[element]`, how people name a variable or a part of it
- `policy.py`: a CSV file with the paths of levers
- `scenario.py`: a model with other constants, levers and times, and its run
- `selection.py`: what of a run is shown
- `comparison.py`: two runs of the same model held against each other
- `checking.py`: what can be compiled, whether units agree, and the gap to PySD
- `documents.py`: TOML files read strictly, every fault at once
- `storage.py`: files that are there whole or not at all
- `requests.py`: what somebody asks a command for, and how it can end
- `console.py`: what people and programs read
- `answers.py`: what the commands do once their arguments are read
- `commands.py`: `prosperity` and its commands
"""
