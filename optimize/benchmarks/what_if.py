"""A what-if page in a browser: its size, the first picture, and from slider to painted frame.

    python -m optimize.benchmarks.what_if [--model NAME] [--regions FOLDER] [--drags 100] [--history FILE]

The page is made, opened in headless Chromium (it must be on the machine; the extra `benchmark` brings Playwright), and
a slider that moves all measures of a pillar is dragged. A drag ends when the frame with its numbers is painted: the
model has run, every panel, map, table and limit has been updated. Beside it stand what a notebook without
the page would do (Matplotlib redraws the same panels) and the simulator's run of the same model.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sd_models.errors import Fault, InvalidRequest
from sd_models.reading.library import load
from sd_models.system.model import FloatArray

from ..pages.page import Page, written_page
from ..pages.subject import subject_of
from .chromium import NAMES, QUIET, program
from .history import add_history_options, append
from .targets import Target, judged

SIZE = {"width": 1280, "height": 900}
WARM = 30  # drags before those that count: browsers compile what runs often
# From the event of the slider to the frame in which its numbers are painted: a message sent in it arrives after it.
_DRAGS = """async ({drags, warm}) => {
  const {session} = whatIf, spent = [];
  const slider = document.querySelector("input[type=range]");
  const low = Number(slider.min), high = Number(slider.max);
  let heard = () => {};
  const stop = session.listen(() => heard());
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => done(performance.now());
    port2.postMessage(0);
  }));
  for (let i = 0; i < warm + drags; i++) {
    slider.value = String(low + (high - low) * (0.2 + 0.6 * Math.abs(Math.sin(i * 0.37))));
    const began = performance.now(), run = new Promise((done) => { heard = done; });
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    await run;
    spent.push(await painted() - began);
    await new Promise((done) => setTimeout(done, 10));
  }
  stop();
  slider.dispatchEvent(new Event("change", {bubbles: true}));
  return {drags: spent.slice(warm), runs: Array.from(session.runner.spent), apart: session.runner.isApart};
}"""
_FIRST = """(() => { window.firstPicture = new Promise((done) => {
  const look = () => document.querySelector("#what-if svg path[d]") === null ? requestAnimationFrame(look)
    : requestAnimationFrame(() => done(performance.now()));
  requestAnimationFrame(look);
}); })()"""


@dataclass(frozen=True)
class Figures:
    """What was measured. Times are milliseconds; `drags`, `redraws` and `runs` are one number each time."""

    megabytes: float
    making: float
    first_picture: float
    drags: FloatArray
    page_runs: FloatArray
    is_apart: bool
    redraws: FloatArray
    runs: FloatArray
    faults: tuple[str, ...]

    @property
    def named(self) -> Mapping[str, float]:
        """The figures that the history keeps."""
        return {
            "page MB": self.megabytes,
            "page made s": self.making / 1000,
            "first picture ms": self.first_picture,
            "slider to frame ms, median": float(np.median(self.drags)),
            "slider to frame ms, 95th percentile": float(np.percentile(self.drags, 95)),
            "run in the page ms": float(np.min(self.page_runs)) if len(self.page_runs) else np.nan,
            "run of the simulator ms": float(np.median(self.runs)),
            "Matplotlib redraw ms, median": float(np.median(self.redraws)),
        }

    @property
    def targets(self) -> list[Target]:
        """What the page promises."""
        named = self.named
        frame = named["slider to frame ms, median"]
        return [
            Target("first picture, ms", self.first_picture, 1000),
            Target("slider to frame, median ms", frame, 25),
            Target("slider to frame, 95th percentile ms", named["slider to frame ms, 95th percentile"], 50),
            Target("slider to frame over a Matplotlib redraw", frame / named["Matplotlib redraw ms, median"], 0.2),
            Target("page, MB", self.megabytes, 3),
            Target("errors on the console, and requests", len(self.faults), 0),
        ]


def measure(page: Page, making: float, drags: int) -> Figures:
    """A page in the browser, and what else would draw the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "what-if.html"
        path.write_text(page.html, encoding="utf-8")
        first, moved, faults = in_browser(path, drags)
    return Figures(
        megabytes=len(page.html.encode()) / 1e6,
        making=making * 1000,
        first_picture=first,
        drags=np.array(moved["drags"]),
        page_runs=np.array(moved["runs"]),
        is_apart=bool(moved["apart"]),
        redraws=redraws(page, max(5, drags // 10)),
        runs=simulator_runs(page, max(5, drags // 5)),
        faults=tuple(faults),
    )


def in_browser(path: Path, drags: int) -> tuple[float, Mapping[str, Any], list[str]]:
    """The first picture, the drags, and what went wrong; InvalidRequest without a browser."""
    from playwright.sync_api import sync_playwright

    found = program()
    if found is None:
        advice = "Install Chromium (Debian: apt-get install chromium)."
        raise InvalidRequest(Fault(f"no browser was found; looked for {', '.join(NAMES)}.", advice=advice))
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(("file:", "data:", "blob:")) else faults.append(asked.url),
        )
        page.add_init_script(_FIRST)
        page.goto(path.as_uri())
        first = float(page.evaluate("window.firstPicture"))
        moved = page.evaluate(_DRAGS, {"drags": drags, "warm": WARM})
        browser.close()
    return first, moved, faults


def redraws(page: Page, turns: int) -> FloatArray:
    """Milliseconds in which Matplotlib redraws the same panels, a line for each region, with other numbers."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    document = page.payload.document
    panels = document["outcomes"][:12]
    times = np.linspace(0, 1, 41)
    figure = Figure(figsize=(12.8, 9), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(4, 3).ravel()
    lines = [[axis.plot(times, times)[0] for _ in range(one["count"])] for axis, one in zip(axes, panels, strict=False)]
    canvas.draw()  # type: ignore[no-untyped-call]
    draw, spent = np.random.default_rng(0), []
    for _ in range(turns):
        began = perf_counter()
        for line in (line for panel in lines for line in panel):
            line.set_ydata(draw.random(len(times)))
        canvas.draw()  # type: ignore[no-untyped-call]
        spent.append((perf_counter() - began) * 1000)
    return np.array(spent)


def simulator_runs(page: Page, turns: int) -> FloatArray:
    """Milliseconds of the simulator's run of the same model with the policy that the page begins with."""
    problem = page.payload.subject.problem
    inputs = problem.simulator.inputs(levers=problem.policy(page.payload.start))
    spent = []
    for _ in range(turns + 1):
        began = perf_counter()
        problem.simulator.trajectories(inputs)
        spent.append((perf_counter() - began) * 1000)
    return np.array(spent[1:])


def show(model: str, found: Figures) -> None:
    """The figures, then the targets."""
    console = Console()
    table = Table("figure", "value", title=model)
    for name, value in found.named.items():
        table.add_row(name, f"{value:.4g}")
    table.add_row("where the page runs the model", "in a worker" if found.is_apart else "on the page")
    console.print(table)
    console.print(judged(found.targets))
    for fault in found.faults:
        console.print(f"fault: {fault}", markup=False)


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--model", default="common_prosperity", help="library name or file (default: %(default)s)")
    made.add_argument("--regions", help="another data folder of a library model")
    made.add_argument("--drags", type=int, default=100, help="drags that count (default: %(default)s)")
    add_history_options(made, "what_if")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, show."""
    options = parser().parse_args(arguments)
    began = perf_counter()
    page = written_page(subject_of(load(options.model, regions=options.regions)))
    found = measure(page, perf_counter() - began, options.drags)
    show(options.model, found)
    if options.history:
        append(options.history, found.named)


if __name__ == "__main__":
    main()
