"""Where a result comes from: files, hashes, versions, seed, and the command that makes it anew."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from ..files.provenance import DIGITS
from ..pages.subject import plan_text
from ..results.document import read_result
from ..solvers.choice import own_name
from .blocks import Block, Folded, Paragraph, Section, Table
from .subject import Subject
from .words import numeral

PLAN = "plan.toml"


def section(subject: Subject) -> Section:
    """Provenance."""
    said = subject.speaker
    headers = ("", said.say("head_value"))
    about = Table(said.say("origins_caption"), headers, tuple(_about(subject)), 0)
    blocks: list[Block] = [about, Paragraph(said.say("anew")), Paragraph(command(subject), "code")]
    files = tuple(_files(subject))
    if files:
        heads = (said.say("head_file"), "SHA-256")
        blocks.append(Folded(said.say("files", count=len(files)), (Table(said.say("files_caption"), heads, files, 0),)))
    blocks.append(Folded(said.say("the_plan"), (Paragraph(plan_text(subject.result.plan), "code"),)))
    return Section("origins", said.say("heading_origins"), tuple(blocks))


def _about(subject: Subject) -> Iterator[tuple[str, str]]:
    said, result = subject.speaker, subject.result
    known = result.provenance
    yield said.say("origin_model"), Path(str(known["model_path"])).name or str(known["model"])
    if known.get("regions_path"):
        yield said.say("origin_regions"), Path(str(known["regions_path"])).name
    name = Path(str(known["plan"])).name or said.say("unnamed")
    yield said.say("origin_plan"), f"{name} ({known['plan_hash']})"
    options = said.listed(f"{key} {value}" for key, value in known["options"].items())
    yield said.say("origin_solver"), f"{known['solver']} ({options})" if options else str(known["solver"])
    yield said.say("origin_seed"), str(known["seed"])
    work = {"levers": f"{result.work.levers:,}", "runs": f"{result.work.simulations:,}"}
    seconds = numeral(sum(result.seconds.values()))
    yield said.say("origin_work"), said.say("work", gradients=f"{result.work.gradients:,}", seconds=seconds, **work)
    yield said.say("origin_versions"), said.listed(f"{key} {value}" for key, value in known["versions"].items())
    yield said.say("origin_machine"), f"Python {known['python']}, {known['platform']}"


def _files(subject: Subject) -> Iterator[tuple[str, str]]:
    """The files that went into the result, then those of its folder, with the first digits of their hashes."""
    yield from ((str(name), str(digest)) for name, digest in subject.result.provenance["files"].items())
    folder = subject.result.folder
    if folder is not None:
        yield from ((name, digest[:DIGITS]) for name, digest in read_result(folder).hashes.items())


def command(subject: Subject) -> str:
    """What makes the result anew, beside the plan and the model's file."""
    known, result = subject.result.provenance, subject.result
    words = ["prosperity", "optimize", Path(str(known["plan"])).name or PLAN]
    if known.get("regions_path"):
        words += ["--regions", Path(str(known["regions_path"])).name]
    if known["solver"] != (result.plan.solver.name or own_name(result.work.levers)):
        words += ["--solver", str(known["solver"])]
    for one in result.assumptions:
        words += ["--set", f"{one.name}={one.value!r}"]
    return shlex.join(words)
