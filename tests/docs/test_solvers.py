"""The table of solvers in the documentation is that of the code; PROSPERITY_RENEW=1 with this file writes it anew."""

from __future__ import annotations

import os
import re

from support.pages import ROOT

from optimize.solvers.choice import SOLVERS
from optimize.solvers.rows import Row
from optimize.solvers.traits import Trait

PAGE = ROOT / "docs" / "how-to" / "solvers.md"
MARKED = re.compile(r"(<!-- solvers: written[^\n]*-->\n)(.*?)(<!-- solvers: end -->)", re.DOTALL)
HEADER = "| name | what it is | works on | takes | licence | package |\n|---|---|---|---|---|---|\n"


def takes(row: Row) -> str:
    """The hardest that a solver takes, in a few words."""
    whole = ", whole numbers" if Trait.INTEGERS in row.takes else ""
    if Trait.CURVED in row.takes:
        return f"nonlinear{whole}" + ("" if Trait.EQUALITIES in row.takes else ", no equalities")
    if Trait.QUADRATIC_ROWS in row.takes:
        return f"convex quadratic{whole}"
    return ("convex quadratic objective" if Trait.QUADRATIC_OBJECTIVE in row.takes else "linear") + whole


def line(row: Row) -> str:
    more = ("; global" if row.gives_bound else "") + ("" if row.is_exact else "; near")
    licence = row.licence if row.limit is None else f"{row.licence}: {row.limit}"
    return f"| `{row.name}` | {row.about}{more} | {row.works} | {takes(row)} | {licence} | `{row.package}` |\n"


def test_the_table_is_that_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = HEADER + "".join(line(row) for row in SOLVERS.values())
    found = MARKED.search(text)
    assert found is not None
    if "PROSPERITY_RENEW" in os.environ:
        PAGE.write_text(MARKED.sub(lambda _: f"{found[1]}\n{table}\n{found[3]}", text), encoding="utf-8")
    else:
        assert found[2].strip() == table.strip(), "renew it: PROSPERITY_RENEW=1 pytest tests/docs/test_solvers.py"
