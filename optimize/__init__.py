"""From a model to decisions.

The optimization, in the order of its stages:

- `plan.py`: a plan in TOML or Python: levers, objective, limits
- `gathering.py`: faults gathered, to be raised together
- `affine.py`, `horizon.py`, `levers.py`, `quantities.py`, `limits.py`, `problem.py`: the plan meets a model
- `evaluation.py`: the outcomes of a policy and their gradients
- `program.py`: the problem as arrays
- `statement.py`: the problem as a Pyomo model, which people may extend, and back to arrays
- `optimality.py`: how far a point is from an optimum, computed apart from any solver
- `infeasibility.py`: which limits contradict each other, and the least that would reconcile them
- `starts.py`: where a search begins
- `solvers/`: methods that solve it
- `oversight.py`: who watches over a solve: progress, time limit, interruption, the best policy so far
- `solving.py`: `solve`, a problem to its result
- `shadow_prices.py`: what one more unit of a limit is worth
- `violations.py`: how far a run is from keeping the limits, straight from the plan's words
- `verification.py`: the policy replayed in PySD
- `verdict.py`: what a result is worth, in a sentence
- `result.py`: policy, trajectories, prices, and where they come from
- `result_folder.py`: a result as a folder of plain files
- `figures.py`: a result in pictures
- `plan_draft.py`: a plan to start from, for any model

The command line:

- `names.py`: `name[element]`, how people name a variable or a part of it
- `policy.py`: a CSV file with the paths of levers
- `scenario.py`: a model with other constants, levers and times, and its run
- `selection.py`: what of a run is shown
- `comparison.py`: two runs of the same model held against each other
- `checking.py`: what can be compiled, whether units agree, and the gap to PySD
- `rows.py`: rows of CSV files
- `documents.py`: TOML files read strictly, every fault at once
- `provenance.py`: where a result comes from
- `storage.py`: files that are there whole or not at all
- `calibration/`: parameters fitted to observations
- `screening/`: which parameters matter
- `requests.py`: what somebody asks a command for, and how it can end
- `progress.py`: a solve as it goes
- `interruption.py`: Ctrl-C and SIGTERM
- `result_tables.py`: a result in tables and sentences
- `console.py`: what people and programs read
- `answers.py`: what `simulate`, `check`, `calibrate` and `screen` do once their arguments are read
- `optimizing.py`: what `optimize`, `verify` and `plan` do once their arguments are read
- `commands.py`: `prosperity` and its commands
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .calibration.estimation import CalibrationResult, calibrate
    from .calibration.specification import Calibration
    from .plan import Plan, load_plan, read_plan
    from .plan_draft import starting_plan
    from .problem import Problem
    from .result import Result
    from .result_folder import load_result, save_result
    from .screening.screening import Screening, screen
    from .solving import solve
    from .verification import verify

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

# Modules that import NumPy, SciPy, Pyomo or pydantic are loaded with the first use of one of their names (PEP 562), so
# that `prosperity --help` answers at once.
_LATER = {
    "calibration.estimation": ("CalibrationResult", "calibrate"),
    "calibration.specification": ("Calibration",),
    "plan": ("Plan", "load_plan", "read_plan"),
    "problem": ("Problem",),
    "result": ("Result",),
    "result_folder": ("load_result", "save_result"),
    "screening.screening": ("Screening", "screen"),
    "solving": ("solve",),
    "plan_draft": ("starting_plan",),
    "verification": ("verify",),
}
_MODULES = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> object:
    """A public name whose module has not been needed so far."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
