"""What a benchmark runs on, and the memory that it took."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resource import struct_rusage

CPU_INFO = Path("/proc/cpuinfo")


def processor() -> str:
    """The name of the processor; of its family where the system does not tell more."""
    lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines() if CPU_INFO.is_file() else []
    names = [value.strip() for key, _, value in (line.partition(":") for line in lines) if key.strip() == "model name"]
    return next(iter(names), "") or platform.processor() or platform.machine()


def peak_memory() -> float:
    """The largest resident set of this process so far, in bytes; NaN where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return float("nan")
    return peak_of(resource.getrusage(resource.RUSAGE_SELF))


def peak_of(usage: struct_rusage) -> float:
    """The largest resident set that the system tells of a process, in bytes."""
    return float(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
