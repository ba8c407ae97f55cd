"""Runs on other machines, or on more processes of this one: Dask's executor by the name or address of a scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from sd_models.errors import Fault, InvalidRequest

from .contest import Pool

DASK = "dask"


@contextmanager
def named_executor(name: str | None, jobs: int) -> Iterator[Pool | None]:
    """None without a name; for `dask` a cluster of `jobs` processes here; else the cluster at that address.

    A worker starts the process of a run and looks after it, so limits hold there. InvalidRequest where Dask is missing
    or nobody answers.
    """
    if name is None:
        yield None
        return
    if find_spec("distributed") is None:
        advice = "Install it: pip install 'common-prosperity[benchmark]'."
        raise InvalidRequest(Fault("Dask is not installed.", "executor", advice=advice))
    with _client(name, jobs) as client:
        yield client.get_executor(pure=False, retries=0)


def _client(name: str, jobs: int) -> Any:
    import distributed

    client: Any = distributed.Client

    try:
        if name == DASK:
            return client(n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None)
        return client(name, timeout="10s")
    except (OSError, ValueError) as error:
        advice = "Name the address of a scheduler, such as tcp://host:8786, or dask."
        found = f"no Dask scheduler answers at {name!r}: {' '.join(str(error).split())}."
        raise InvalidRequest(Fault(found, "executor", advice=advice)) from error
