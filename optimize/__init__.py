"""From a model to decisions.

Everything imports only what stands above it here, and so it is in each family:

- `files/`: what people write and read: tables, plans as TOML, names, folders that are there whole or not at all
- `runs/`: a model with other constants, levers and times, run, shown, compared and checked
- `affine.py`: affine expressions of levers and outcomes
- `plans/`: what may be decided, what for and within which limits, and what that means in a model
- `problem.py`: the plan meets a model
- `evaluation.py`: the outcomes of a policy and their gradients
- `program.py`: the problem as arrays
- `statement.py`: the problem as a Pyomo model, which people may extend, and back to arrays
- `optimality.py`: how far a point is from an optimum, computed apart from any solver
- `solvers/`: where a search begins, and the methods that go on from there
- `infeasibility.py`: which limits contradict each other, and the least that would reconcile them
- `oversight.py`: who watches over a solve: progress, time limit, interruption, the best policy so far
- `results/`: what a policy brings, what its limits are worth, whether PySD agrees; tables, pictures, a folder
- `solving.py`: `solve`, a problem to its result
- `calibration/`: parameters fitted to observations
- `screening/`: which parameters matter
- `command_line/`: `prosperity` and its commands
"""

from typing import TYPE_CHECKING

from sd_models.deferral import deferred

if TYPE_CHECKING:
    from .calibration.estimation import CalibrationResult, calibrate
    from .calibration.specification import Calibration
    from .plans.draft import starting_plan
    from .plans.plan import Plan, load_plan, read_plan
    from .problem import Problem
    from .results.folder import load_result, save_result
    from .results.result import Result
    from .results.verification import verify
    from .screening.screening import Screening, screen
    from .solving import solve

__all__ = [
    "Calibration",
    "CalibrationResult",
    "Plan",
    "Problem",
    "Result",
    "Screening",
    "calibrate",
    "load_plan",
    "load_result",
    "read_plan",
    "save_result",
    "screen",
    "solve",
    "starting_plan",
    "verify",
]

__getattr__, __dir__ = deferred(
    __name__,
    {
        "calibration.estimation": ("CalibrationResult", "calibrate"),
        "calibration.specification": ("Calibration",),
        "plans.draft": ("starting_plan",),
        "plans.plan": ("Plan", "load_plan", "read_plan"),
        "problem": ("Problem",),
        "results.folder": ("load_result", "save_result"),
        "results.result": ("Result",),
        "results.verification": ("verify",),
        "screening.screening": ("Screening", "screen"),
        "solving": ("solve",),
    },
)
