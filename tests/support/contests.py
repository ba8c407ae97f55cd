"""What benchmarks meet in tests: small problems by hand, and solvers that do what solvers should not."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import highspy
import numpy as np
from scipy.sparse import csr_array

from optimize.benchmarks.comparing.facts import End, planned
from optimize.benchmarks.comparing.tasks import Task
from optimize.problems.program import Evaluation, Program
from optimize.solvers.rows import Works
from optimize.solvers.solver import Claim, Ending, Solution, Watch
from optimize.solvers.traits import Trait
from sd_models.system.model import FloatArray, IndexArray

BEST = -4.0  # of the product of two levers that add up to 4 at most, its sign turned


class Product:
    """The product of two levers."""

    def evaluate(self, x: FloatArray) -> Evaluation:
        return Evaluation(x, np.array([x[0] * x[1]]))

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        return np.array([[at.x[1], at.x[0]]])[chosen]

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        return weights @ self.gradients(at, np.arange(1))

    def products(self, _: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        return weights[0] * directions[:, ::-1]


def product(integers: tuple[int, ...] = ()) -> Program:
    """Two levers, up to 4 together: as large a product as can be, 4 at (2, 2)."""
    return Program(
        outcomes=Product(),
        sign=-1.0,
        lever_cost=np.zeros(2),
        outcome_cost=np.array([-1.0]),
        lower=np.zeros(2),
        upper=np.full(2, 10.0),
        lever_rows=csr_array(np.ones((1, 2))),
        outcome_rows=csr_array((1, 1)),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([4.0]),
        row_names=("together",),
        reference=np.array([1.0, 2.0]),
        integers=np.array(integers, dtype=int),
    )


@dataclass(frozen=True)
class Stated:
    """An instance by hand."""

    key: str = "product"
    family: str = "by hand"
    seed: int = 0
    traits: frozenset[Trait] = frozenset({Trait.LIMITS, Trait.CURVED, Trait.NONCONVEX})
    known: float | None = 4.0
    truth: str = "solvable"
    make: Callable[[], Program] = product

    def program(self) -> Program:
        return self.make()


def unmakeable() -> Program:
    raise ValueError("no such model")


def compute_side_by_side() -> None:
    """Matrix products and a linear program, whose libraries keep their threads."""
    square = np.ones((500, 500))
    assert (square @ square)[0, 0] == 500.0
    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("threads", 4)
    highs.addVar(0.0, 1.0)
    highs.run()


UNTOUCHED = "untouched"


@dataclass(frozen=True)
class Noted:
    """Makes the product, and leaves a line in a file whenever it is made and whenever its equations are stated; `fate`
    is what happens to who makes it, after some seconds."""

    place: str
    fate: str = ""
    seconds: float = 0.0

    def __call__(self) -> Program:
        self._note("made")
        time.sleep(self.seconds)
        if self.fate == "crashes":
            ctypes.string_at(0)
        if self.fate == "raises":
            raise ValueError("no such model")
        if self.fate == "has threads":
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        if self.fate == "computes side by side":
            compute_side_by_side()
        return replace(product(), equations=self._equations)

    def _equations(self, _: FloatArray) -> list[str]:
        self._note("stated")
        if self.fate == "crashes when stated":
            ctypes.string_at(0)
        time.sleep(self.seconds)
        return [UNTOUCHED]

    def _note(self, what: str) -> None:
        with Path(self.place).open("a", encoding="utf-8") as file:
            file.write(f"{what} {os.getpid()}\n")

    def lines(self) -> list[tuple[str, int]]:
        """What was done so far, and by which process."""
        path = Path(self.place)
        pairs = (line.split() for line in path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()
        return [(what, int(process)) for what, process in pairs]


# --- solvers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Planted:
    """A solver that does one thing; `options` are seen by what it does."""

    name: str
    does: Callable[[Program, FloatArray, Watch, Mapping[str, object]], Solution]
    takes: frozenset[Trait] = frozenset(Trait)
    gives_bound: bool = False
    release: str | None = "1.0"
    options: Mapping[str, object] = field(default_factory=dict)
    limit: None = None
    install: str = "pip install nothing"
    works: Works = Works.ON_LEVERS

    def version(self) -> str | None:
        return self.release

    def make(self, options: Mapping[str, object] | None = None) -> Planted:
        return Planted(self.name, self.does, options=dict(options or {}))

    def solve(self, program: Program, start: FloatArray, watch: Watch) -> Solution:
        return self.does(program, start, watch, self.options)


def solution(program: Program, x: FloatArray, ending: Ending = Ending.OPTIMAL, claim: Claim | None = None) -> Solution:
    """What a solver gives that ends there."""
    at = program.evaluate(np.asarray(x, dtype=float))
    none = np.zeros(len(program.row_lower)), np.zeros(len(x)), np.zeros(0)
    return Solution(ending, at.x, at.y, *none, kkt_residual=0.0, violation=0.0, claim=claim)


def finds(program, start, watch, options):
    """The optimum, in three steps."""
    for part in (0.5, 0.9):
        program.evaluate(start + part * (np.full(2, 2.0) - start))
    return solution(program, [2.0, 2.0])


def stops_short(program, start, watch, options):
    """A worse point, of which nothing is claimed but that it is near an optimum."""
    return solution(program, [1.0, 3.0])


def between(program, start, watch, options):
    """A point whose numbers are not whole."""
    return solution(program, [1.5, 2.0])


STATING = 1.0  # seconds, more than the limit of the tests


def slowly_stated() -> Program:
    """The product, whose equations take longer to state than a solver may take."""
    return replace(product(), equations=lambda x: time.sleep(STATING))


def states(program, start, watch, options):
    """The optimum, after equations were asked for."""
    program.equations(start)
    return solution(program, [2.0, 2.0])


def spoils(program, start, watch, options):
    """The optimum, after equations were asked for and changed."""
    model = program.equations(start)
    if model != [UNTOUCHED]:
        raise RuntimeError("somebody was here before")
    model.append("touched")
    return solution(program, [2.0, 2.0])


def breaks(program, start, watch, options):
    """An infeasible point, called optimal."""
    claim = Claim(6.25, "optimal", ending=Ending.OPTIMAL)
    return solution(program, [2.5, 2.5], Ending.STALLED, claim)  # as an adapter does that looks at its levers


def lies(program, start, watch, options):
    """More than its levers bring."""
    return solution(program, [2.0, 2.0], claim=Claim(5.0, "optimal"))


def ignores(program, start, watch, options):
    """Never returns, whatever signals come, and leaves a child behind in a session of its own."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    mark = str(options.get("mark", ""))
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", mark], start_new_session=True)
    program.evaluate(np.array([1.5, 1.5]))
    while True:
        time.sleep(0.1)


def eats(program, start, watch, options):
    """Takes memory until there is none."""
    kept = []
    while True:
        kept.append(np.ones(4_000_000))


def eats_at_once(program, start, watch, options):
    """More memory in one piece than any machine has."""
    return solution(program, np.ones(10**13))


def eats_by_children(program, start, watch, options):
    """The same in another process."""
    text = "kept = []\nwhile True: kept.append(bytearray(b'x') * 20_000_000)"
    subprocess.run([sys.executable, "-c", text], check=False)
    return solution(program, start)


def crashes(program, start, watch, options):
    """Reads where nothing is."""
    print("about to fall", flush=True)
    ctypes.string_at(0)


def leaves(program, start, watch, options):
    """Ends its process as if all were well."""
    os._exit(0)


def aborts(program, start, watch, options):
    os.abort()


def raises(program, start, watch, options):
    """A mistake of its own."""
    raise RuntimeError("factorization failed")


def gives_another_shape(program, start, watch, options):
    """Three levers in place of two."""
    none = np.zeros(0)
    return Solution(Ending.OPTIMAL, np.zeros(3), none, none, none, none, 0.0, 0.0)


def gives_no_numbers(program, start, watch, options):
    """Levers that are none."""
    return solution(program, [np.nan, 1.0])


def calls_infeasible(program, start, watch, options):
    """Says that nothing keeps the limits."""
    return solution(program, start, Ending.INFEASIBLE, Claim(np.nan, "infeasible"))


def waits(program, start, watch, options):
    """A while; then the optimum."""
    time.sleep(0.1)
    return solution(program, [2.0, 2.0])


def counts(program, start, watch, options):
    """Leaves a line in a file for each time that it works, and finds the optimum."""
    place = Path(str(options["place"]))
    with place.open("a", encoding="utf-8") as file:
        file.write(f"{options['seed']}\n")
    time.sleep(0.05)
    return solution(program, [2.0, 2.0])


# A minimization without anything known, whose solver is a local one.
PLAIN = replace(
    planned(Task(Stated(known=None), Planted("one", finds))),
    end=End.ANSWERED,
    ending="optimal",
    objective=10.0,
    violation=0.0,
    levers=2,
    started=20.0,
)
