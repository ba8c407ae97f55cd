"""Solvers: each takes a program and a start to a solution, a file each.

- `solver.py`: what all solvers share: progress, endings, solutions
"""
