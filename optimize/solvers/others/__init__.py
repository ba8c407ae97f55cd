"""Solvers of others: whatever they say of their answer, what comes back is a run of the program.

- `answers.py`: an answer of a library as a solution
- `equations.py`: the equations that a solver is given, and what they ask of it
- `matrices.py`: linear and quadratic equations as matrices
- `seen.py`: what a search on runs has seen, and a program as one function of shares of ranges
- `ways.py`: the ways to a library, by these three
- `by_pyomo.py`: solvers through Pyomo
- `known_to_pyomo.py`: any other solver that Pyomo finds by its name
- `by_casadi.py`: nonlinear programming with the solvers in CasADi's wheel
- `restating.py`: Pyomo's expressions in those of another library
- `by_xpress.py`: Xpress by its own package
- `by_conic.py`: quadratic programming with the solvers in CasADi's wheel
- `by_highs.py`: HiGHS by each of its methods
- `by_copt.py`: COPT on matrices
- `by_scipy.py`: SciPy's methods on runs
- `by_cma.py`: CMA-ES on runs
- `table.py`: the rows of the table of solvers that are of these
"""
