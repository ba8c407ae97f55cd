"""Solvers compared on families of problems: each run in a process of its own within hard limits, each answer run again.

A run is an instance, a solver with its options, limits and a number of the repeat. What happened in it is kept as
facts; what they mean is said when all facts are there, since the best objective known is that of all.

- `tasks.py`: what is to be run, and its key
- `facts.py`: what happened in a run, and how it is written
- `processes.py`: what a process and all below it take of memory, and how they end
- `recording.py`: what of a search is seen from outside: its best policies, its time
- `making.py`: the problem of an instance, as its runs find it
- `attempt.py`: a run in its own process, from the problem to the answer run again
- `watching.py`: a process as it is seen from beside it, which holds time and memory to their limits
- `guard.py`: the process beside a run, and what it is told
- `sharing.py`: a problem made once, and its runs forked from where it was made
- `launching.py`: processes that begin within milliseconds
- `store.py`: the folder that keeps what has ended, whatever ends the benchmark
- `verdicts.py`: what runs mean: ok, wrong, local, and why
- `contest.py`: many runs, side by side, into a folder
- `statistics.py`: shifted geometric means, performance profiles, spread
- `own_plan.py`: a user's own plan as a family
- `benchmark.py`: all of it in one call
- `tables.py`: what came of it, for people and as rows
- `files.py`: CSV, Parquet, JSON
- `curves.py`: profiles and ways to the best objective, as charts
- `page.py`: one page about it
- `clusters.py`: runs on other machines
"""
