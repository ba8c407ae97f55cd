"""From a model to decisions.

Everything imports only what stands above it here, and so it is in each family:

- `files/`: what people write and read: tables, plans as TOML, names, folders that are there whole or not at all
- `runs/`: a model with other constants, levers and times, run, shown, compared and checked
- `headlines/`: what of a model is shown first, and how people call it
- `plans/`: what may be decided, what for and within which limits, and what that means in a model
- `problems/`: a plan meets a model, and becomes arrays and a Pyomo model, which people may extend
- `transcription/`: the same with all dynamics in Pyomo, for any other solver
- `solvers/`: where a search begins, and the methods that go on from there
- `certificates/`: what can be said of a policy, apart from the solver that found it
- `results/`: what a policy brings, what its limits are worth, whether PySD agrees; tables, figures, a folder
- `solving/`: a problem to its result
- `bounds/`: what no policy can be better than
- `families/`: problems by parameters and seed, for solvers to be compared on
- `calibration/`: parameters fitted to observations
- `screening/`: which parameters matter
- `comparisons/`: results and policies side by side
- `explanation/`: why a policy brings what it brings
- `pages/`: pictures and what-ifs in a browser
- `reports/`: one page that says what is recommended, what it brings, and how sure that is
- `benchmarks/`: speed and memory, side by side with others
- `command_line/`: `prosperity` and its commands
"""

from typing import TYPE_CHECKING

from sd_models.deferral import deferred

if TYPE_CHECKING:
    from .benchmarks.comparing.benchmark import Benchmark, benchmark
    from .bounds.bound import bound
    from .calibration.draft import starting_calibration
    from .calibration.estimation import CalibrationResult, calibrate
    from .calibration.specification import Calibration
    from .comparisons.comparison import Comparison, compare
    from .explanation.explanation import Explanation, explain
    from .explanation.price_range import PriceRange, worth
    from .headlines.choice import headline_outcomes
    from .headlines.headline import Headline
    from .pages.notebook import explore
    from .pages.page import explore_page
    from .plans.draft import starting_plan
    from .plans.plan import Plan, load_plan, read_plan
    from .problems.assembly import assemble
    from .problems.evaluator import Evaluator
    from .problems.forms import PygmoProblem, scipy_problem
    from .problems.optimality import Multipliers, Optimality, optimality
    from .problems.problem import Problem
    from .problems.program import Block, Evaluation, Outcomes, Program, Quadratic
    from .reports.page import report
    from .results.bounded import Bound
    from .results.export import save_tables
    from .results.figures import plot
    from .results.folder import load_result, save_result
    from .results.result import Result
    from .results.verification import verify
    from .results.worth import sayings
    from .screening.screening import Screening, screen
    from .solvers.nonlinear.callback import casadi_problem
    from .solvers.solver import Ending, Iteration, Solution, Solver, Watch
    from .solving.solve import solve
    from .transcription.export import export
    from .transcription.transcription import transcribe

__all__ = [
    "Benchmark",
    "Block",
    "Bound",
    "Calibration",
    "CalibrationResult",
    "Comparison",
    "Ending",
    "Evaluation",
    "Evaluator",
    "Explanation",
    "Headline",
    "Iteration",
    "Multipliers",
    "Optimality",
    "Outcomes",
    "Plan",
    "PriceRange",
    "Problem",
    "Program",
    "PygmoProblem",
    "Quadratic",
    "Result",
    "Screening",
    "Solution",
    "Solver",
    "Watch",
    "assemble",
    "benchmark",
    "bound",
    "calibrate",
    "casadi_problem",
    "compare",
    "explain",
    "explore",
    "explore_page",
    "export",
    "headline_outcomes",
    "load_plan",
    "load_result",
    "optimality",
    "plot",
    "read_plan",
    "report",
    "save_result",
    "save_tables",
    "sayings",
    "scipy_problem",
    "screen",
    "solve",
    "starting_calibration",
    "starting_plan",
    "transcribe",
    "verify",
    "worth",
]

__getattr__, __dir__ = deferred(
    __name__,
    {
        "benchmarks.comparing.benchmark": ("Benchmark", "benchmark"),
        "bounds.bound": ("bound",),
        "calibration.draft": ("starting_calibration",),
        "calibration.estimation": ("CalibrationResult", "calibrate"),
        "calibration.specification": ("Calibration",),
        "comparisons.comparison": ("Comparison", "compare"),
        "explanation.explanation": ("Explanation", "explain"),
        "explanation.price_range": ("PriceRange", "worth"),
        "headlines.choice": ("headline_outcomes",),
        "pages.notebook": ("explore",),
        "pages.page": ("explore_page",),
        "headlines.headline": ("Headline",),
        "plans.draft": ("starting_plan",),
        "plans.plan": ("Plan", "load_plan", "read_plan"),
        "problems.assembly": ("assemble",),
        "problems.evaluator": ("Evaluator",),
        "problems.forms": ("PygmoProblem", "scipy_problem"),
        "solvers.nonlinear.callback": ("casadi_problem",),
        "problems.optimality": ("Multipliers", "Optimality", "optimality"),
        "problems.problem": ("Problem",),
        "reports.page": ("report",),
        "results.figures": ("plot",),
        "problems.program": ("Block", "Evaluation", "Outcomes", "Program", "Quadratic"),
        "solvers.solver": ("Ending", "Iteration", "Solution", "Solver", "Watch"),
        "results.bounded": ("Bound",),
        "results.export": ("save_tables",),
        "results.folder": ("load_result", "save_result"),
        "results.result": ("Result",),
        "results.worth": ("sayings",),
        "results.verification": ("verify",),
        "screening.screening": ("Screening", "screen"),
        "solving.solve": ("solve",),
        "transcription.export": ("export",),
        "transcription.transcription": ("transcribe",),
    },
)
