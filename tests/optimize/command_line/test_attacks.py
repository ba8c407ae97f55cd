"""Killed, interrupted or out of disk at any moment: no folder is unreadable, and nothing is lost that was found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
MANY = os.environ.get("PROSPERITY_MOMENTS", "20")


@pytest.mark.parametrize(
    "moments", [pytest.param("1", marks=pytest.mark.slow), pytest.param(MANY, marks=pytest.mark.long)]
)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that are copied, as on Linux")
def test_no_moment_is_a_bad_one(moments: str) -> None:
    """One of each kind; in long tests twenty, or as many as PROSPERITY_MOMENTS says; what was counted is printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "support.attacks", moments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])},
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"{moments} moments: ") == 4
