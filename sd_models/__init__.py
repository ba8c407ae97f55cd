"""System dynamics: from a model file to equations, runs and exact gradients.

The stages, in their order; each is a function from one value to the next:

- `library.py`: `load`, a model by its file or its library name
- `sources/`: model files to PySD's abstract model, safely
- `subscripts.py`, `translation.py`, `external.py`, `flattening.py`: the abstract model to a `System`
- `system.py`, `expression.py`, `functions.py`: the `System`, its expressions, the catalogue of functions
- `rewrites/`: `System -> System`
- `timing.py`, `ordering.py`: the time points of a run, the order of evaluation
- `casadi_functions.py`, `lowering.py`, `evaluation.py`, `integration.py`, `compilation.py`: the `System` to CasADi
- `buffers.py`, `inputs.py`, `results.py`, `diagnosis.py`, `simulation.py`: runs
- `sensitivity.py`: gradients of outcomes
- `description.py`, `latex.py`, `units.py`, `loops.py`: what a modeller wants to see of a `System`
- `generated_code.py`, `pysd_model.py`, `reference.py`: PySD's own run of the same file, as the reference
- `errors.py`: what can be wrong, told to the person who brought the model
"""

from .library import library, load
from .sensitivity import Measure, Outcome, Sensitivities, sensitivities
from .simulation import Simulator, compile, simulate
from .timing import TimeSpan

__all__ = [
    "Measure",
    "Outcome",
    "Sensitivities",
    "Simulator",
    "TimeSpan",
    "compile",
    "library",
    "load",
    "sensitivities",
    "simulate",
]
