"""Benchmarks, side by side in one run: `prosperity benchmark` compares solvers; `python -m optimize.benchmarks.engine`,
`.growth`, `.calibration`, `.corpus`, `.claims` and `.what_if` the rest.

Others are measured as their own users call them, so this is where PySD is run without our guard. What only one of the
benchmarks needs (`pip install 'common-prosperity[benchmark]'`) is imported when it is used.

- `machine.py`: what a benchmark runs on, and the memory that it took
- `history.py`: a line for each run, so that figures can be followed from commit to commit
- `targets.py`: promises about ratios and times, judged
- `pysd_itself.py`: PySD as its own users call it
- `embedded.py`: generated JavaScript in an embedded V8
- `chromium.py`: a browser without a window
- `generated_model.py`: a model for any number of regions
- `comparing/`: solvers on families of problems, each run in a process of its own
- `drawn_model.py`: a small model whose equations NumPy runs too
- `drawn_plan.py`: such a model with a plan, and what is known of it
- `drawing.py`: such plans drawn at random, with what makes solvers stumble
- `brute_force.py`: their best policies by brute force, and whether a policy is bettered near it
- `engine.py`: runs and gradients, by regions
- `growth.py`: our solver with more and more regions
- `calibration.py`: a model's fit by many methods
- `corpus.py`: a folder of models with published outputs
- `what_if.py`: a what-if page in a browser, from slider to painted frame
- `claims.py`: what verdicts claim, held against brute force on drawn plans
"""
