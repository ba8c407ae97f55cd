"""Pages in Markdown that people read: the code on them, and what it takes to run it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = tuple(path for path in sorted((ROOT / "docs").rglob("*.md")) if "generated" not in path.parts)
ALL = (*ROOT.glob("*.md"), *ROOT.glob("sd_models/*/*.md"), *DOCS)
FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"\n]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the name of the file that it is, if any, its text, and its line in the page."""

    language: str
    title: str
    text: str
    line: int


def blocks_of(text: str) -> Iterator[Block]:
    """The fenced blocks of a page in their order."""
    for found in FENCE.finditer(text):
        language, title, content = found.groups()
        yield Block(language, title or "", content, text[: found.start()].count("\n") + 1)


def blocks(language: str, text: str) -> list[str]:
    """The texts of the blocks of a language."""
    return [block.text for block in blocks_of(text) if block.language == language]


def lines_of(text: str) -> list[str]:
    """The commands of a block in `sh`: continued lines joined, comments dropped."""
    found = (shlex.join(shlex.split(line, comments=True)) for line in text.replace("\\\n", " ").splitlines())
    return [line for line in found if line]


def lines(text: str, program: str) -> list[str]:
    """The lines of blocks in `sh` that start with a program."""
    return [line for block in blocks("sh", text) for line in lines_of(block) if line.startswith(f"{program} ")]
