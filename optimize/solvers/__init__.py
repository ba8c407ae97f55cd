"""Solvers: each takes a program and a start to a solution, a file each.

- `solver.py`: what all solvers share: progress, endings, solutions
- `highs.py`: convex programs by HiGHS, their answers checked
- `starts.py`: where a search begins
- `nonlinear.py`, `transcription.py`, `shooting.py`, `ipopt.py`: nonlinear programming by IPOPT
- `triangular.py`, `border.py`, `interior.py`: quadratic programs with blocks, elastic rows and tied outcomes
- `curvature.py`, `master.py`, `newton.py`, `points.py`, `working.py`, `sqp.py`: sequential quadratic programming
- `choice.py`: the table of solvers by name
"""
