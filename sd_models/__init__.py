"""System dynamics: from a model file to equations, runs and exact gradients.

The stages, in their order; each is a function from one value to the next:

- `library.py`: `load`, a model by its file or its library name
- `sources/`: model files to PySD's abstract model, safely
- `data_folder.py`, `external.py`: the data files beside a model
- `subscripts.py`, `replaced_functions.py`, `translation.py`, `flattening.py`: the abstract model to a `System`
- `expression.py`, `equation.py`, `description.py`, `system.py`: the `System`, its parts, and how they print
- `functions.py`: the catalogue of functions
- `rewrites/`: `System -> System`
- `timing.py`, `ordering.py`: the time points of a run, the order of evaluation
- `casadi_functions.py`, `lowering.py`, `evaluation.py`, `integration.py`, `compilation.py`: the `System` to CasADi
- `buffers.py`, `concurrency.py`, `inputs.py`, `results.py`, `diagnosis.py`, `simulation.py`: runs
- `sensitivity.py`: gradients of outcomes
- `plotting.py`: trajectories as small multiples
- `outline.py`, `typesetting.py`: what a modeller wants to see of a `System`
- `unit_texts.py`, `unit_rules.py`, `units.py`: whether the units of its equations agree
- `polarity.py`, `loops.py`: what a variable reaches, and the feedback loops
- `generated_code.py`, `pysd_model.py`, `reference.py`: PySD's own run of the same file, as the reference
- `recursion.py`: room for long expressions
- `deferral.py`: public names, loaded with their first use
- `errors.py`: what can be wrong, told to the person who brought the model
- `common_prosperity/`: the flagship model of the library, its data and what makes them
"""

from typing import TYPE_CHECKING

from .deferral import deferred
from .library import library, load

if TYPE_CHECKING:
    from .errors import ModelError
    from .loops import feedback_loops
    from .outline import describe, summary
    from .plotting import plot
    from .reference import replay
    from .sensitivity import Measure, Outcome, Sensitivities, sensitivities
    from .simulation import Simulator, compile, simulate
    from .system import System
    from .timing import TimeSpan
    from .typesetting import latex
    from .units import check_units

__all__ = [
    "Measure",
    "ModelError",
    "Outcome",
    "Sensitivities",
    "Simulator",
    "System",
    "TimeSpan",
    "check_units",
    "compile",
    "describe",
    "feedback_loops",
    "latex",
    "library",
    "load",
    "plot",
    "replay",
    "sensitivities",
    "simulate",
    "summary",
]

__getattr__, __dir__ = deferred(
    __name__,
    {
        "outline": ("describe", "summary"),
        "errors": ("ModelError",),
        "loops": ("feedback_loops",),
        "plotting": ("plot",),
        "reference": ("replay",),
        "sensitivity": ("Measure", "Outcome", "Sensitivities", "sensitivities"),
        "simulation": ("Simulator", "compile", "simulate"),
        "system": ("System",),
        "timing": ("TimeSpan",),
        "typesetting": ("latex",),
        "units": ("check_units",),
    },
)
