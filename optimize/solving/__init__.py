"""Solving: from a problem to its result.

- `oversight.py`: who watches over a solve: progress, time limit, interruption, the best policy so far
- `kinks.py`: a search over kinks that are made smooth, narrower and narrower
- `search.py`: the solver, what certificates find where it ended, and on from there
- `infeasibility.py`: which limits contradict each other, and the least that would reconcile them
- `policy_runs.py`: what is run of a policy after a search: all variables, and what the plan names at every step
- `alternatives.py`: policies of other starts that are nearly as good
- `spread.py`: what several starts found, in a sentence
- `conclusion.py`: from where searches ended to a result: findings, prices, alternatives, contradictions
- `solve.py`: `solve`, a problem to its result, by a solver of the table, from one or several starts
"""
