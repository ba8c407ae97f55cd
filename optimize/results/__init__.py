"""Results: what a policy brings, what it is worth, and how people keep and read that.

- `verdict.py`: what a result is worth, in a sentence
- `violations.py`: how far a run is from keeping the limits, straight from the plan's words
- `prices.py`: what one more unit of a limit is worth
- `tables.py`, `figures.py`: a result in tables, sentences and pictures
- `result.py`: policy, trajectories, prices, and where they come from
- `verification.py`: the policy replayed in PySD
- `folder.py`: a result as a folder of plain files
"""
