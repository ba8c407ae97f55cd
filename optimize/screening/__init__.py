"""Screening: which uncertain parameters of a model matter for what comes out.

- `ranges.py`: a table of parameters with the lowest and the highest value of each
- `outcomes.py`: `NAME:MEASURE`, a number made of a run
- `methods.py`: Morris' and Sobol's designs of runs, by SALib
- `screening.py`: `screen`, from a model, ranges and outcomes to effects
- `report.py`: effects as tables, files and a figure
"""
