"""Instances as files: what other programs read is the same problem, and the table says what is known of it."""

from __future__ import annotations

import csv
from pathlib import Path

import casadi as ca
import highspy
import pytest

from optimize.command_line.commands import main
from optimize.families.files import COLUMNS, write_instances
from optimize.families.table import instances
from sd_models.errors import InvalidRequest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole problem, a curved one and one of products as files."""
    home = tmp_path_factory.mktemp("families")
    wanted = ("trap-stuffed-0", "cake-1", "fishery-0")
    write_instances(home / "new", [one for one in instances() if one.key in wanted])
    return home / "new"


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "instances.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: row for row in csv.DictReader(file)}


def test_the_table_has_a_row_for_each(folder: Path) -> None:
    """With sizes, traits, what is known and by whom, and the files."""
    found = rows(folder)
    assert list(found["cake-1"]) == list(COLUMNS)
    assert (found["trap-stuffed-0"]["integers"], found["trap-stuffed-0"]["known"]) == ("1", "9.0")
    assert found["cake-1"]["files"] == "cake-1.nl; cake-1.row; cake-1.col"
    assert found["cake-1"]["traits"] == "curved; limits; nonconvex"
    assert "Hotelling (1931)" in found["cake-1"]["source"]
    assert found["trap-stuffed-0"]["files"].endswith("trap-stuffed-0.mps")
    assert all((folder / name).is_file() for row in found.values() for name in row["files"].split("; "))


def test_a_solver_finds_in_the_file_what_is_known(folder: Path) -> None:
    """HiGHS reads `.mps`, IPOPT `.nl`."""
    highs = highspy.Highs()
    highs.silent()
    highs.readModel(str(folder / "trap-stuffed-0.mps"))
    highs.run()
    assert highs.getInfo().objective_function_value == pytest.approx(9.0)
    read = ca.NlpBuilder()
    read.import_nl(str(folder / "cake-1.nl"))
    problem = {"x": ca.vertcat(*read.x), "f": read.f, "g": ca.vertcat(*read.g)}
    solver = ca.nlpsol("solver", "ipopt", problem, {"ipopt.print_level": 0, "print_time": False})
    found = solver(x0=read.x_init, lbx=read.x_lb, ubx=read.x_ub, lbg=read.g_lb, ubg=read.g_ub)
    assert -float(found["f"]) == pytest.approx(float(rows(folder)["cake-1"]["known"]), rel=1e-6)


def test_a_format_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With those that are."""
    with pytest.raises(InvalidRequest, match=r"'ods'.*nl, lp, mps, gms"):
        write_instances(tmp_path, [], formats=["ods"])


def test_the_command_line_writes_problems_and_runs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of families by name."""
    assert main(["benchmark", "traps", "--write", str(tmp_path / "new")]) == 0
    assert "36 problems, described in" in " ".join(capsys.readouterr().out.split())
    assert len(rows(tmp_path / "new")) == 36
