"""`prosperity`: the commands, each one verb and one function of the Python API.

Parsing returns a request and `main` answers it: one place for every way in which it can end. What is heavy (NumPy,
CasADi, PySD, Matplotlib) is imported for the answer, so that `--help` answers at once.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from sd_models.errors import ModelError

from ..runs.engine import Engine
from . import streams
from .console import tell, tell_error, tell_notes
from .requests import (
    Auxiliaries,
    BenchmarkRequest,
    BoundRequest,
    CalibrateRequest,
    CheckRequest,
    CompareRequest,
    DiagramRequest,
    DocumentRequest,
    ExplainRequest,
    ExploreRequest,
    ExportRequest,
    Kinks,
    OptimizeRequest,
    PlanRequest,
    ReportRequest,
    Request,
    ScreeningMethod,
    ScreenRequest,
    SimulateRequest,
    Status,
    Terminated,
    VerifyRequest,
)

# Objects made before Python looks for unused cycles among them, and how often it looks among older ones. By default
# (700, 10, 10) it does that all the time while a model and its limits are built, and finds nothing: stating 25,000
# limits takes 0.3 s in place of 0.9 s.
COLLECTION = 10_000, 20, 100
DEBUG = "--debug"
MOST_REASON = 300  # characters

# Without rich's markup, whose import alone takes longer than the help should.
app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

Model = Annotated[
    str,
    typer.Argument(
        help="A library model (common_prosperity, urbanization), or a file: .mdl, .xmile, .stmx, .itmx, .xml."
    ),
]
Data = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="CSV or TAB file with data variables that the model only names; repeatable."),
]
Regions = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder of data in place of the one that the model names: a folder beside the model, or any path.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Another value for a constant or for an element of it: --set 'mobility=0.03' --set 'x[CN-BJ]=3'.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output and nothing else.")]


@app.callback(invoke_without_command=True)
def prosperity(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="The version, and nothing else.")] = False,
    debug: Annotated[  # noqa: ARG001 - `main` takes it, wherever it stands
        bool, typer.Option(DEBUG, help="Show where a mistake of the program was made; anywhere in the line.")
    ] = False,
) -> None:
    """From a system-dynamics model file to the best policy under hard budgets, proved by exact gradients.

    Exit status: 0 done, 1 the answer is no, 2 bad input, 70 a mistake of the program, 130 interrupted.
    """
    if show_version:
        from importlib.metadata import version

        typer.echo(version("common-prosperity"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


@app.command()
def optimize(
    plan: Annotated[
        Path | None,
        typer.Argument(
            help="A plan (TOML): levers, objective, limits. Without one, that of the model.", metavar="[PLAN]"
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Another model than the plan's: a library name or a file.", metavar="MODEL")
    ] = None,
    regions: Regions = None,
    settings: Settings = None,
    solver: Annotated[
        str | None, typer.Option(help="sqp, ipopt or another, in place of the plan's.", metavar="NAME")
    ] = None,
    starts: Annotated[int | None, typer.Option(help="Search from so many starts.", min=1)] = None,
    start_from: Annotated[
        Path | None,
        typer.Option(metavar="FILE|RUN", help="Search from this policy: a CSV file, or the folder of a result."),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds after which the best policy so far is taken.", min=0.0)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="New folder for the result; by default runs/MODEL-DATE-TIME."),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="Replay the policy in PySD at the end, which may take a minute."),
    ] = True,
    json: Json = False,
) -> OptimizeRequest:
    """Find the best policy for a plan: who gets how much, for what, in which year, and what it buys.

    Without arguments: 31 provinces, 16 measures, 2026-2050. Ctrl-C keeps the best policy so far.

    Exit status: 0 if a policy was found that keeps all limits, 1 if not or if PySD's replay differs.
    """
    return OptimizeRequest(
        plan,
        model=model,
        regions=regions,
        settings=tuple(settings or ()),
        solver=solver,
        starts=starts,
        start_from=start_from,
        time_limit=time_limit,
        out=out,
        verify=verify,
        json=json,
    )


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a result.")], json: Json = False
) -> VerifyRequest:
    """Compute all that the folder of a result says anew, and replay its policy in PySD's run of the untouched file.

    Nothing that the folder says is trusted. Exit status: 0 if it is so to 1e-6 and all limits hold, 1 if not.
    """
    return VerifyRequest(run, json)


@app.command()
def bound(
    subject: Annotated[Path, typer.Argument(metavar="PLAN|RUN", help="A plan (TOML), or the folder of a result.")],
    solver: Annotated[
        str | None,
        typer.Option(metavar="scip|gurobi", help="What looks at all policies at once (scip, where it is installed)."),
    ] = None,
    time_limit: Annotated[float, typer.Option(metavar="SECONDS", help="How long it may look.")] = 60.0,
    gap: Annotated[
        float, typer.Option(metavar="PART", help="Where it may stop: at this part of what the policy changes.")
    ] = 0.01,
    regions: Regions = None,
    settings: Settings = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The new folder of a plan's result (runs/MODEL-DATE-TIME).")
    ] = None,
    json: Json = False,
) -> BoundRequest:
    """Say what no policy can be better than, and how near to that the best one known is; kept beside the result.

    For small plans: by polynomials and intervals, then all equations of all steps go to a solver, if one is installed,
    that needs bounds of every lever. Exit status: 0 if the
    policy is proved within the gap, 1 if not.

    Example: prosperity bound runs/my_model-20260101-120000 --time-limit 600
    """
    is_run = subject.is_dir()
    plan = None if is_run else subject
    asked = OptimizeRequest(plan, regions=regions, settings=tuple(settings or ()), out=out, json=json)
    return BoundRequest(asked, subject if is_run else None, solver, time_limit, gap)


@app.command()
def export(
    plan: Annotated[
        Path | None, typer.Argument(help="A plan (TOML); without one, that of the model.", metavar="[PLAN]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The file; its ending says the format: .nl (the default), .lp, .mps, .gms, .py."
        ),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="nl|lp|mps|gams|py", help="The format, where no file is named.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Another model than the plan's: a library name or a file.", metavar="MODEL")
    ] = None,
    regions: Regions = None,
    settings: Settings = None,
    start_from: Annotated[
        Path | None,
        typer.Option(metavar="FILE|RUN", help="Start solvers from this policy: a CSV file, or the folder of a result."),
    ] = None,
    auxiliaries: Annotated[
        Auxiliaries, typer.Option(help="What equations name: expressions, or variables with equations of their own.")
    ] = Auxiliaries.EXPRESSIONS,
    smooth: Annotated[
        float | None,
        typer.Option(
            metavar="WIDTH", help="Smooth stand-ins of this width (0.001) for kinks, for solvers that need it."
        ),
    ] = None,
    kinks: Annotated[
        Kinks,
        typer.Option(
            help="MIN, MAX, choices and tables: with absolute values, or exactly with integers (tables as SOS2)."
        ),
    ] = Kinks.ABSOLUTE,
    bounds: Annotated[
        bool, typer.Option("--bounds", help="Give all variables the bounds that follow from those of the levers.")
    ] = False,
) -> ExportRequest:
    """Write a problem with all its dynamics for other solvers: every stock a variable, every step an equation.

    Names stand beside a .nl file, in .row and .col. Linear formats hold problems that are linear or quadratic.

    Example: prosperity export my_plan.toml --out my_problem.nl
    """
    asked = OptimizeRequest(plan, model=model, regions=regions, settings=tuple(settings or ()), start_from=start_from)
    return ExportRequest(asked, out, auxiliaries, smooth, kinks, bounds, form)


@app.command()
def plan(
    model: Model,
    regions: Regions = None,
    data: Data = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the plan; without it, it is printed.")] = None,
) -> PlanRequest:
    """Write a commented plan to start from: what of a model can be decided, what it moves, its dimensions and times.

    Example: prosperity plan my_model.mdl --out my_plan.toml && prosperity optimize my_plan.toml
    """
    return PlanRequest(model, tuple(data or ()), regions, out)


@app.command()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN|PLAN...",
            help="Folders of results; plans (TOML, or a library name), which are solved; CSV files of policies, which "
            "are run in the model of the first result.",
        ),
    ],
    label: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="What to call them, in their order; repeatable.")
    ] = None,
    ranges: Annotated[
        Path | None,
        typer.Option(
            metavar="RANGES.csv",
            help="Table of ranges of assumptions, as of screen: in how many of the same draws each does better.",
        ),
    ] = None,
    samples: Annotated[int | None, typer.Option(min=2, help="Trajectories of Morris through the ranges (20).")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the results of plans, one for each by its name; by default runs."),
    ] = None,
    regions: Regions = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Replay the policies that plans come to in PySD.")
    ] = True,
    json: Json = False,
) -> CompareRequest:
    """Lay results, plans and policies side by side: outcomes, who is worse off with which, money, limits, prices.

    The first is what the others are held against. Whether all start from the same run without a policy, and what else
    was asked of each, is said first. Plans are solved before, one after the other; one whose result lies in DIR already
    is not solved again, and one that comes to no policy is left out and told (exit status 1).

    Example: prosperity compare runs/FIRST runs/SECOND my_policy.csv; prosperity compare plans/*.toml --out runs/plans
    """
    return CompareRequest(tuple(runs), tuple(label or ()), ranges, samples, out, regions, verify, json)


@app.command()
def explain(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a result.")],
    outcome: Annotated[
        str | None,
        typer.Argument(
            metavar="[OUTCOME]",
            help="NAME or NAME[element], with :final, :mean, :integral or a time, as :2050; a headline by what people "
            "call it. Without one, the plan's objective.",
        ),
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Say how far the price of this limit holds, from two more solves."),
    ] = None,
    more: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="How much more of it, in the way that helps: '100 billion', 5%. 10%."),
    ] = None,
    json: Json = False,
) -> ExplainRequest:
    """Say where the gain of a policy comes from, what stocks are worth, and which feedback loops make what happens.

    Parts by lever, measure, region and year add up to the gain; what is left over is shown.

    Examples: prosperity explain runs/FOLDER "national rural income:2050"

    prosperity explain runs/FOLDER --limit "annual budget" --more "100 billion"
    """
    return ExplainRequest(run, outcome, limit, more, json)


@app.command()
def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="The folder of a result; further ones to compare.")
    ],
    language: Annotated[str, typer.Option(metavar="en|zh", help="English or Chinese.")] = "en",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The page, .html, by default RUN-report.html; or tables: .xlsx, .csv (tidy), a folder of CSV files.",
        ),
    ] = None,
    json: Json = False,
) -> ReportRequest:
    """Write one page about a result that prints well: what is recommended, who gains and loses, why, how sure that is.

    It needs no server and asks nobody for anything. Another solver's result of the same plan, given as a further RUN,
    is held against the first.

    Example: prosperity report runs/FOLDER --language zh --out report.html
    """
    return ReportRequest(tuple(runs), language, out, json)


@app.command()
def explore(
    subject: Annotated[
        str, typer.Argument(metavar="MODEL|RUN", help="A library model, a model file, or the folder of a result.")
    ],
    plan: Annotated[
        Path | None,
        typer.Option(metavar="PLAN", help="What can be decided, within which limits; by default the model's own plan."),
    ] = None,
    screening: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of a screening (screen --out DIR), which says what matters first."),
    ] = None,
    data: Data = None,
    regions: Regions = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page, .html; by default MODEL-what-if.html.")
    ] = None,
    json: Json = False,
) -> ExploreRequest:
    """Write one self-contained what-if page: sliders for levers and assumptions, outcomes redrawn while you drag.

    It needs no server and asks nobody for anything; it can be sent by mail. A result's page starts from its optimum.

    Example: prosperity explore urbanization --out urbanization.html
    """
    return ExploreRequest(subject, plan, screening, tuple(data or ()), regions, out, json)


@app.command()
def diagram(
    model: Model,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="vensim|xmile|svg",
            help="The model's file with its diagrams in it, or pictures alone; by default what FILE ends in, or svg.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The file, which may be the model itself; by default MODEL-diagram.svg (.mdl, .xmile)."
        ),
    ] = None,
    view: Annotated[
        str, typer.Option("--view", "--group", metavar="NAME", help="This view only; the file's other views stay.")
    ] = "",
    data: Data = None,
    regions: Regions = None,
    json: Json = False,
) -> DiagramRequest:
    """Draw stocks, flows, causes and feedback loops: a view for each group of the model, or of what belongs together.

    Written into a model's file, nothing but its drawing changes; Vensim or another program opens it with all views.

    Example: prosperity diagram my_model.mdl --format vensim --out my_model.mdl
    """
    return DiagramRequest(model, form, view, tuple(data or ()), regions, out, json)


@app.command()
def document(
    model: Model,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page, .html; by default MODEL-reference.html.")
    ] = None,
    data: Data = None,
    regions: Regions = None,
    json: Json = False,
) -> DocumentRequest:
    """Write the model's reference: every variable with its equation, unit and comment, what it uses and what uses it,
    the diagrams, and what a reader would miss.

    One file without scripts, in the manner of SDM-Doc.

    Example: prosperity document my_model.mdl --out my_model.html
    """
    return DocumentRequest(model, tuple(data or ()), regions, out, json)


@app.command()
def simulate(
    model: Model,
    settings: Settings = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV file with paths of levers: a column `time`, and one for each lever or element of it, headed "
            "`name` or `name[element]`. A value holds from its time until the next row; before the first row, and for "
            "elements without a column, the model's own values hold.",
        ),
    ] = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="native: machine code, exact and fast. casadi: the same without LLVM. pysd: PySD's own run, for what "
            "cannot be compiled."
        ),
    ] = Engine.NATIVE,
    variables: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Show and write only this variable, headline or element of one (NAME[element]); repeatable.",
        ),
    ] = None,
    start: Annotated[float | None, typer.Option(help="First time of the run, in place of INITIAL TIME.")] = None,
    stop: Annotated[float | None, typer.Option(help="Last time of the run, in place of FINAL TIME.")] = None,
    step: Annotated[float | None, typer.Option(help="Time between steps, in place of TIME STEP.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the run: .nc (NetCDF, with units) or .csv (the layout of --policy)."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw what is shown, a panel each: .png, .svg or .pdf.")
    ] = None,
    data: Data = None,
    regions: Regions = None,
    json: Json = False,
) -> SimulateRequest:
    """Run a model, and print what tells most of it.

    Example: prosperity simulate urbanization --set "mobility=0.03" --variables "national urban share" --stop 2035
    """
    return SimulateRequest(
        model,
        settings=tuple(settings or ()),
        policy=policy,
        engine=engine,
        data=tuple(data or ()),
        regions=regions,
        variables=tuple(variables or ()),
        start=start,
        stop=stop,
        step=step,
        out=out,
        plot=plot,
        json=json,
    )


@app.command()
def check(model: Model, data: Data = None, regions: Regions = None, json: Json = False) -> CheckRequest:
    """Say what a model holds, what of it cannot be compiled, whether its units agree, and its gap to PySD's own run.

    Exit status: 0 if it can be compiled and agrees with PySD to 1e-9, 1 if not.
    """
    return CheckRequest(model, tuple(data or ()), regions, json)


@app.command()
def calibrate(
    model: Model,
    calibration: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CALIBRATION.toml]",
            help="What to fit to what: parameters, series, window, hold-out. A library model has one beside it.",
        ),
    ] = None,
    regions: Regions = None,
    starts: Annotated[int | None, typer.Option(help="Fits from so many starting points; the best one counts.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the random starting points.")] = None,
    holdout: Annotated[bool, typer.Option(help="Also fit to earlier years and judge by later ones.")] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write estimates, fit and hold-out as CSV, report.json, a picture a series; of --draft the file.",
        ),
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Write a commented calibration file to start from, and fit nothing.")
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the estimates into the model's data files (`store` in the file).")
    ] = False,
    json: Json = False,
) -> CalibrateRequest:
    """Fit parameters of a model to observations, and say how good the fit is and what the data cannot tell.

    Bounded least squares with exact Jacobians. Ctrl-C ends the search and keeps the best values so far.

    Example: prosperity calibrate urbanization; its file, calibration.toml beside the model, shows what can be asked.
    A file for another model to start from: prosperity calibrate my_model.mdl --draft --out my_calibration.toml
    """
    return CalibrateRequest(model, calibration, regions, starts, seed, holdout, out, apply, draft, json)


@app.command()
def screen(
    model: Model,
    ranges: Annotated[
        Path,
        typer.Argument(
            metavar="RANGES.csv",
            help="Table of parameters with columns name, low, high: a path, or a file of the data folder.",
        ),
    ],
    outcomes: Annotated[
        list[str],
        typer.Option(
            "--outcome",
            metavar="NAME:MEASURE",
            help="What counts: NAME or NAME[element], with :final, :integral, :mean or a time, as :2050; repeatable.",
        ),
    ],
    method: Annotated[
        ScreeningMethod, typer.Option(help="morris: ranks many parameters. sobol: shares of variance, many more runs.")
    ] = ScreeningMethod.MORRIS,
    samples: Annotated[
        int | None, typer.Option(min=2, help="Trajectories of Morris (20), base points of Sobol (256).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the design.")] = 1,
    first: Annotated[float | None, typer.Option("--from", help="Integrals and means count from this time on.")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--parameter", metavar="NAME", help="This row of the table only; repeatable.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=CELL", help="Leave out rows of the table with this cell: kind=fitted; repeatable."
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE|RUN", help="CSV file with paths of levers, as of simulate, or a result's folder."),
    ] = None,
    regions: Regions = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write effects.csv, report.json and a picture.")
    ] = None,
    json: Json = False,
) -> ScreenRequest:
    """Find which uncertain parameters matter: vary all of them over their ranges, and rank their effects on outcomes.

    Example: prosperity screen my_model.mdl ranges.csv --outcome "welfare:integral" --outcome "income ratio:2050"
    """
    return ScreenRequest(
        model,
        ranges,
        tuple(outcomes),
        method=method,
        samples=samples,
        seed=seed,
        first=first,
        parameters=tuple(parameters or ()),
        without=tuple(without or ()),
        policy=policy,
        regions=regions,
        out=out,
        json=json,
    )


@app.command()
def benchmark(
    families: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FAMILY...]", help="Families (see --list) or keys of problems; all."),
    ] = None,
    solvers: Annotated[
        str | None, typer.Option(metavar="A,B", help="Solvers, as --list names them; all that are installed.")
    ] = None,
    plan: Annotated[
        list[Path] | None, typer.Option(metavar="MY.toml", help="A plan of your own as a family; repeatable.")
    ] = None,
    size: Annotated[str, typer.Option(metavar="SIZE", help="small, medium or large.")] = "small",
    time_limit: Annotated[float, typer.Option(help="Seconds that a solver may take for one run.", min=0.1)] = 60.0,
    memory: Annotated[float, typer.Option(help="GiB that a run may take, with all that it starts.", min=0.1)] = 4.0,
    repeats: Annotated[int, typer.Option(help="Runs of each solver on each problem, for the spread.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Seed of problems and solvers.", min=0)] = 0,
    jobs: Annotated[int, typer.Option(help="Runs side by side; their times disturb each other.", min=1)] = 1,
    executor: Annotated[
        str | None, typer.Option(metavar="dask|ADDRESS", help="Run on a Dask cluster: here, or at an address.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder that keeps each run; what it holds is not run again.")
    ] = Path("benchmark"),
    listing: Annotated[
        bool, typer.Option("--list", help="Say which solvers and families there are, and what is missing.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page, .html; by default benchmark.html in the folder.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write problems as .nl, linear and quadratic ones as .mps too; run none."),
    ] = None,
    json: Json = False,
) -> BenchmarkRequest:
    """Compare solvers on problem families: each run within hard limits, each answer run again before it counts.

    Whatever interrupts it, the same command goes on where it was. Exit status: 0, also where answers are wrong.

    Example: prosperity benchmark policy --solvers sqp,ipopt,scip --time-limit 60 --out my_benchmark
    """
    return BenchmarkRequest(
        tuple(families or ()),
        solvers=tuple(name.strip() for name in (solvers or "").split(",") if name.strip()),
        plans=tuple(plan or ()),
        size=size,
        time_limit=time_limit,
        memory=memory,
        repeats=repeats,
        seed=seed,
        jobs=jobs,
        executor=executor,
        out=out,
        listing=listing,
        page=page,
        write=write,
        json=json,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command, by default the one of the command line; its exit status."""
    gc.set_threshold(*COLLECTION)
    streams.open_streams()
    status = _status(sys.argv[1:] if arguments is None else arguments)
    streams.close_streams()
    if arguments is None:
        gc.freeze()  # so that Python does not look through all there is once more before it ends, for half a second
    if arguments is None and any(thread.name.startswith("solver ") for thread in threading.enumerate()):
        # A solver that was left behind is in C++ code, which aborts the process if Python ends below it.
        os._exit(status)
    return status


def _status(arguments: Sequence[str]) -> int:
    """The exit status of a command, whatever way it ends."""
    try:
        with _remarks():
            return _run([argument for argument in arguments if argument != DEBUG])
    except ModelError as error:
        tell_error(error)
    except typer.TyperException as error:
        told = error.format_message().replace("Value error, ", "")  # as pydantic begins the sentence of a cause
        tell(f"{_ended(told)} `prosperity COMMAND --help` lists what there is.")
    except Terminated:
        tell("Terminated.")
        return Status.TERMINATED
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        return Status.NO_READER
    except streams.Closed:
        tell("Standard output is closed, so nothing could be printed.")
        return Status.NO_READER
    except OSError as error:
        tell(f"Cannot go on: {error}.")
    except MemoryError:
        tell(
            "There is not enough memory. Take a coarser data folder (--regions) or a plan with fewer levers (a longer "
            "`every`); for a run, fewer --variables or a larger --step."
        )
    except Exception as error:  # the last resort: a mistake of ours, or of a library
        return _mistake(error, is_traced=DEBUG in arguments)
    return Status.BAD_INPUT


def _ended(text: str) -> str:
    """A sentence with a mark at its end, and one alone."""
    bare = text.rstrip(".")
    return bare if bare.endswith("?") else f"{bare}."


def _mistake(error: Exception, *, is_traced: bool) -> Status:
    """Says what went wrong, what was kept (a note of the error), and what to do; where it was if that is asked for."""
    reason = " ".join(str(error).split())[:MOST_REASON]
    tell(f"Something went wrong that should not: {type(error).__name__}: {reason}")
    for note in getattr(error, "__notes__", ()):
        tell(note)
    if is_traced:
        streams.tell("".join(traceback.format_exception(error)))
    else:
        tell(f"Please report it, with the model, the plan and what the same command prints with {DEBUG}.")
    return Status.MISTAKE


def _run(arguments: Sequence[str]) -> int:
    """The status of what the arguments ask for, all its output written."""
    asked = app(args=arguments, prog_name="prosperity", standalone_mode=False)
    if isinstance(asked, int):
        sys.stdout.flush()
        return asked
    with streams.answering():
        status = _answer(asked)
    return _interrupted() if status == Status.INTERRUPTED else status


# The module and the function that do what is asked for, imported when it is.
ANSWERS: Mapping[type[Request], tuple[str, str]] = {
    OptimizeRequest: ("optimizing", "answer_optimize"),
    VerifyRequest: ("optimizing", "answer_verify"),
    PlanRequest: ("optimizing", "answer_plan"),
    CompareRequest: ("comparing", "answer_compare"),
    ExplainRequest: ("explaining", "answer_explain"),
    ReportRequest: ("reporting", "answer_report"),
    ExploreRequest: ("exploring", "answer_explore"),
    DiagramRequest: ("drawing", "answer_diagram"),
    DocumentRequest: ("documenting", "answer_document"),
    BoundRequest: ("bounding", "answer_bound"),
    ExportRequest: ("exporting", "answer_export"),
    SimulateRequest: ("simulating", "answer_simulate"),
    CheckRequest: ("simulating", "answer_check"),
    CalibrateRequest: ("calibrating", "answer_calibrate"),
    ScreenRequest: ("calibrating", "answer_screen"),
    BenchmarkRequest: ("benchmarking", "answer_benchmark"),
}


def _answer(request: Request) -> Status:
    """Does what was asked for, with what that needs imported now."""
    module, name = ANSWERS[type(request)]
    answer: Callable[[Request], Status] = getattr(import_module(f".{module}", __package__), name)
    return answer(request)


@contextmanager
def _remarks() -> Iterator[None]:
    """Warnings of libraries told like notes, and letters that the terminal lacks replaced."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    with warnings.catch_warnings(record=True) as caught:
        try:
            yield
        finally:
            tell_notes(str(warning.message) for warning in caught)


def _interrupted() -> int:
    tell("Interrupted.")
    return Status.INTERRUPTED
