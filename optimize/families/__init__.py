"""Problem families for solvers to be compared on: each by parameters and seed, stated when it is asked for.

- `instance.py`: a problem by parameters and seed, and where every solver begins
- `stating.py`: models and plans as programs with their equations; the files lie in the folder beside it
- `policy.py`: the flagship's policy, from one region to thousands
- `known_optima.py`: optima known in closed form
- `climate.py`: DICE-2016R
- `table.py`: the table of families
"""
