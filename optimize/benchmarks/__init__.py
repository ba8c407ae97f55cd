"""Benchmarks, side by side in one run: `python -m optimize.benchmarks.engine`, `.solvers`, `.calibration`, `.corpus`.

Others are measured as their own users call them, so this is where PySD is run without our guard. What only one of the
benchmarks needs (`pip install 'common-prosperity[benchmark]'`) is imported when it is used.

- `machine.py`: what a benchmark runs on, and the memory that it took
- `history.py`: a line for each run, so that figures can be followed from commit to commit
- `pysd_itself.py`: PySD as its own users call it
- `generated_model.py`: a model for any number of regions
- `engine.py`: runs and gradients, by regions
- `solvers.py`: the same plan by many methods, by levers and by regions
- `calibration.py`: a model's fit by many methods
- `corpus.py`: a folder of models with published outputs
"""
