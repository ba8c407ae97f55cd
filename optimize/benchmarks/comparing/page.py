"""A benchmark as one page that asks nobody for anything: statuses, means, profiles, the way to the best, false answers.

A family may be looked at alone. What the words mean stands on the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...files.placement import write_whole
from ...reports.blocks import Block, Folded, Listing, Paragraph, Report, Section, Table
from ...reports.page import START, html_of
from ...solvers.choice import SOLVERS
from .benchmark import Benchmark
from .curves import looks_of, profile_charts, way_chart
from .statistics import Cell, summaries
from .tables import counted, false_table, refusals, summary_table
from .verdicts import Status, Verdict

MOST_ROWS = 60  # of a list of answers; the tables beside the page hold all
# Shows the sections of one family, and those of none.
CHOICE = """
const chosen = document.querySelector(".groups select");
chosen?.addEventListener("change", () => {
  for (const section of document.querySelectorAll("section[data-group]"))
    section.hidden = Boolean(chosen.value) && section.dataset.group !== chosen.value;
});
"""
MEANINGS = (
    "ok: the levers keep all limits to 1e-6 when the model is run with them, and their objective is within "
    "1e-6 of the best known; or within the gap that the solver proves, up to 1e-4.",
    "local: the levers keep all limits, their objective is worse. A local method may end there and claim no more.",
    "inexact: what the solver claims is true to a looser tolerance only, between 1e-6 and 1e-3.",
    "wrong: a claim is false. An optimum that breaks a limit, that its own levers do not bring or that others "
    "beat where all policies were meant; infeasible or unbounded where it is not; a bound that a policy "
    "beats.",
    "infeasible, unbounded: said by the solver, and nothing known against it.",
    "timeout, memory: ended at the limit. error: a crash, an error, or nothing that keeps the limits.",
    "takes: how many problems the solver accepts. Ratios compare solvers that take all of a family, profiles "
    "those that meet most problems together.",
)
PROFILES = (
    "Performance profiles (Dolan and Moré 2002) hold each solver against the fastest of the field on each "
    "problem. They do not rank the others among themselves: without the leading solver their order may change "
    "(Gould and Scott 2016), which is why a second profile leaves it out."
)
MEANS = (
    "Mean s is the shifted geometric mean of the solver's seconds (shift 10 s, as Mittelmann's benchmarks), a "
    "problem that is not solved counted with its limit; ratio is that over the least. S to best is the middle "
    "of the times to 1e-6 of the best objective. Seconds are the solver's alone: making a problem and stating "
    "its equations are left out. Spread is the slowest repeat over the fastest. GiB is the peak of all its "
    "processes, the loaded libraries included."
)
WAYS = (
    "Seen are the policies that a solver runs on the model, and its answer. Solvers that work on equations "
    "show nothing before their end. Nine digits is as good as the best."
)


def save_page(found: Benchmark, path: Path) -> Path:
    """Writes the page; the file."""
    html = page_of(found)
    write_whole(path, lambda temporary: temporary.write_text(html, encoding="utf-8", newline="\n"))
    return path


def page_of(found: Benchmark) -> str:
    """The page as HTML."""
    return html_of(report_of(found), START + CHOICE)


def report_of(found: Benchmark) -> Report:
    """All that stands on the page."""
    families = [_family(found, at, family) for at, family in enumerate(found.families)]
    meanings = Section("meanings", "What the words mean", (Listing(MEANINGS), Paragraph(MEANS), Paragraph(PROFILES)))
    sections = (*families, meanings, _origins(found))
    return Report("en", "Solvers compared", tuple(_about(found)), "", tuple(_sentences(found)), sections)


def _about(found: Benchmark) -> Iterator[str]:
    facts = [one.facts for one in found.verdicts]
    for name in ("machine", "project"):
        yield "; ".join(dict.fromkeys(getattr(each, name) for each in facts if getattr(each, name)))
    limits = dict.fromkeys((each.time_limit, each.memory_limit / 2**30) for each in facts)
    yield "; ".join(f"limits: {time:g} s and {memory:g} GiB for a run" for time, memory in limits)
    days = sorted({each.when[:10] for each in facts if each.when})
    yield " to ".join(dict.fromkeys((days[0], days[-1]))) if days else ""


def _sentences(found: Benchmark) -> Iterator[str]:
    problems, solvers = ({getattr(cell, name) for cell in found.cells} for name in ("instance", "solver"))
    taken = sum(cell.is_accepted for cell in found.cells)
    solved = sum(cell.is_solved for cell in found.cells)
    many = f"{counted(len(solvers), 'solver')} met {counted(len(problems), 'problem')}"
    yield f"{many} ({', '.join(found.families)}): {taken:,} pairs were accepted, of which {solved:,} were solved."
    wrong = {name: sum(one.facts.solver == name for one in found.wrong) for name in solvers}
    named = ", ".join(f"{name} ({count})" for name, count in sorted(wrong.items(), key=lambda item: -item[1]) if count)
    yield f"Wrong are {counted(len(found.wrong), 'answer')}: {named}." if named else "No answer is wrong."


def _family(found: Benchmark, at: int, family: str) -> Section:
    """A family: its table, its charts, its answers that do not hold, what was not accepted."""
    cells = [cell for cell in found.cells if cell.family == family]
    blocks = [
        *_numbers(family, cells),
        *_pictures(cells, looks_of(found.cells)),
        *_answers([one for cell in cells for one in cell.verdicts]),
    ]
    return Section(f"family-{at + 1}", family[:1].upper() + family[1:], tuple(blocks), group=family)


def _numbers(family: str, cells: Sequence[Cell]) -> Iterator[Block]:
    drawn = summary_table(counted(len({cell.instance for cell in cells}), "problem"), summaries(cells))
    yield Table(drawn.title, drawn.headers, drawn.rows, drawn.numbers)
    if any(len(cell.verdicts) > 1 for cell in cells):
        yield Paragraph(f"Each run was repeated; of {family} the middle of the repeats counts.", "hint")


def _pictures(cells: Sequence[Cell], looks: Mapping[str, int]) -> Iterator[Block]:
    yield from profile_charts(cells, looks)
    way = way_chart(cells, looks)
    if way is not None:
        yield way
        yield Paragraph(WAYS, "hint")


def _answers(verdicts: Sequence[Verdict]) -> Iterator[Block]:
    """Lists of what is wrong, what holds loosely, what failed, what was not accepted."""
    titles = {
        Status.WRONG: "Wrong answers, and why",
        Status.INEXACT: "Answers that hold to a looser tolerance only",
        Status.ERROR: "Errors",
    }
    for status, title in titles.items():
        listed = [one for one in verdicts if one.status == status]
        if listed:
            told = false_table(_titled(title, len(listed)), listed[:MOST_ROWS])
            table = Table(told.title, told.headers, told.rows, told.numbers)
            yield table if status == Status.WRONG else Folded(table.caption, (table,))
    not_taken = refusals([one for one in verdicts if one.status == Status.NOT_ACCEPTED])
    if not_taken:
        yield Folded("What was not accepted, and why", (Table("", ("solver", "problems", "why"), not_taken, 0),))


def _titled(title: str, count: int) -> str:
    return f"{title}: {count}" if count <= MOST_ROWS else f"{title}: {MOST_ROWS} of {count}; runs.csv holds all"


def _origins(found: Benchmark) -> Section:
    """Which solvers, in which versions, with which seeds; what is missing."""
    facts = [one.facts for one in found.verdicts]
    rows = dict.fromkeys((each.solver, each.version or "-", _licence(each.solver)) for each in facts)
    headers = ("solver", "version", "licence")
    blocks: list[Block] = [Table("Solvers, with their default options", headers, tuple(rows), 0)]
    seeds = sorted({each.seed for each in facts})
    repeats = 1 + max((each.repeat for each in facts), default=0)
    often = "once" if repeats == 1 else f"{repeats} times"
    blocks.append(Paragraph(f"Seed {', '.join(map(str, seeds))}; each run {often}."))
    options = dict.fromkeys(_told(one) for one in found.verdicts if one.facts.options)
    blocks += [Listing(tuple(options))] if options else []
    missing = [f"{row.name}: {row.install}" for row in SOLVERS.values() if row.version() is None]
    blocks += [Folded("Solvers that were not there", (Listing(tuple(missing)),))] if missing else []
    blocks += [Paragraph(note, "hint") for note in found.notes]
    return Section("origins", "Where this comes from", tuple(blocks))


def _licence(name: str) -> str:
    return SOLVERS[name].licence if name in SOLVERS else ""


def _told(one: Verdict) -> str:
    return f"{one.facts.solver}: " + ", ".join(f"{name} = {value}" for name, value in one.facts.options.items())
