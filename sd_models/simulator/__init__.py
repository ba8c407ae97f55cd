"""The simulator: a `System` compiled, run, and differentiated.

- `concurrency.py`: work side by side on all processors
- `measures.py`: numbers made of a run
- `engines.py`: what computes runs: kernels by LLVM, or CasADi
- `compilation.py`: the `System` to kernels, and to functions of one step and of a run
- `datasets.py`: trajectories with names, dimensions and units
- `inputs.py`: constants, levers and data of a run
- `diagnosis.py`: where a run left the numbers, and why
- `simulation.py`: `compile`, `simulate`, `Simulator`
- `sensitivity.py`: gradients of outcomes
- `links.py`: what of a change each link of causes carries
- `worth.py`: through which effects a variable is worth something
- `plotting.py`: trajectories as small multiples
"""
