"""Problem families for solvers to be compared on: each by parameters and seed, stated when it is asked for.

- `instance.py`: a problem by parameters and seed, and where every solver begins
- `stating.py`: models and plans as programs with their equations; the files lie in the folder beside it
- `arrays.py`: linear, quadratic and mixed-integer problems in numbers
- `policy.py`: the flagship's policy, from one region to thousands
- `known_optima.py`: optima known in closed form
- `climate.py`: DICE-2016R and DICE-2023
- `master.py`: the flagship linearized at a policy
- `projects.py`: measures with a fixed cost and a year to begin
- `tables.py`: effects that are tables
- `bilinear.py`: dynamics of products
- `traps.py`: where solvers were seen wrong
- `table.py`: the table of families
- `files.py`: instances as files for other programs
"""
