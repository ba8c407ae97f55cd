"""Problems: a plan meets a model, and becomes arrays that any solver takes.

- `problem.py`: the plan bound to a model: levers, limits and outcomes by name
- `outcomes.py`: the outcomes of a policy and their gradients
- `program.py`: the problem as arrays
- `optimality.py`: how far a point is from an optimum, computed apart from any solver
- `pyomo_model.py`: the problem as a Pyomo model, which people may extend, and back to arrays
"""
