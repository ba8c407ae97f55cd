"""System dynamics: from a model file to equations, runs and exact gradients.

The stages, in their order; each is a function from one value to the next, and imports only what stands above it:

- `recursion.py`: room for long expressions
- `deferral.py`: public names, loaded with their first use
- `interpreter.py`: this Python once more, for a module of ours
- `errors.py`: what can be wrong, told to the person who brought the model
- `system/`: the `System`, its parts, and how they print
- `reading/`: a model file and the data beside it to a `System`, safely
- `numbers/`: expressions to NumPy, for what can be computed without a run
- `rewrites/`: `System -> System`
- `dynamics/`: what a run is: its times, its inputs and states, one step
- `tape/`: one step as a straight line of instructions over rows
- `targets/`: what a `System` is made into: CasADi, LaTeX
- `simulator/`: runs and gradients
- `analysis/`: units, polarity and feedback loops
- `diagrams/`: stock-and-flow diagrams, as Vensim sketches, XMILE views and pictures
- `documentation/`: every variable of a model on one page
- `reference/`: PySD's own run of the same file
- `common_prosperity/`: the flagship model of the library, its data and what makes them
"""

from typing import TYPE_CHECKING

from .deferral import deferred
from .reading.library import library, load

if TYPE_CHECKING:
    from .analysis.loops import feedback_loops
    from .analysis.outline import describe, summary
    from .analysis.units import check_units
    from .diagrams.diagram import diagram
    from .diagrams.drawing import draw
    from .documentation.page import document
    from .dynamics.timing import TimeSpan
    from .errors import ModelError
    from .reference.replay import replay
    from .simulator.measures import Measure, Outcome
    from .simulator.plotting import plot
    from .simulator.sensitivity import Sensitivities, sensitivities
    from .simulator.simulation import Simulator, compile, simulate
    from .system.model import System
    from .targets.javascript.program import JavaScript, javascript
    from .targets.latex import latex

__all__ = [
    "JavaScript",
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
    "diagram",
    "document",
    "draw",
    "feedback_loops",
    "javascript",
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
        "analysis.outline": ("describe", "summary"),
        "errors": ("ModelError",),
        "analysis.loops": ("feedback_loops",),
        "diagrams.diagram": ("diagram",),
        "documentation.page": ("document",),
        "diagrams.drawing": ("draw",),
        "simulator.plotting": ("plot",),
        "reference.replay": ("replay",),
        "simulator.measures": ("Measure", "Outcome"),
        "simulator.sensitivity": ("Sensitivities", "sensitivities"),
        "simulator.simulation": ("Simulator", "compile", "simulate"),
        "system.model": ("System",),
        "dynamics.timing": ("TimeSpan",),
        "targets.javascript.program": ("JavaScript", "javascript"),
        "targets.latex": ("latex",),
        "analysis.units": ("check_units",),
    },
)
