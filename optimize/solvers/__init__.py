"""Solvers: each takes a program and a start to a solution; a folder each.

- `solver.py`: what all solvers share: progress, endings, solutions
- `endless.py`: growth without end along a direction
- `highs.py`: convex programs by HiGHS, their answers checked
- `starts.py`: where a search begins
- `record.py`: what a search of ours tells on its way, the best that it saw, and its solution
- `interior_point/`: quadratic programs with blocks, elastic rows and tied outcomes
- `sequential/`: sequential quadratic programming
- `penalty_barrier/`: one interior-point loop on the whole program
- `nonlinear/`: nonlinear programming by IPOPT
- `traits.py`: what a problem asks of a solver
- `rows.py`: what a row of the table of solvers says, and why a solver does not take a problem
- `others/`: solvers of others, on runs or on equations
- `choice.py`: the table of solvers by name
"""
