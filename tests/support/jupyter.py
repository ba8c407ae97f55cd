"""JupyterLab as people have it, on this machine alone, for tests of widgets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page

TOKEN = "only-here"  # of a server that nobody else reaches
ROOT = Path(__file__).parents[2]


@contextmanager
def served(folder: Path, cells: Sequence[str]) -> Iterator[str]:
    """The address of a notebook with these cells, open in a JupyterLab of its own."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel)
    nbformat.write(notebook, folder / "notebook.ipynb")
    port = _free_port()
    options = [f"--port={port}", "--ip=127.0.0.1", "--no-browser", "--allow-root", f"--IdentityProvider.token={TOKEN}"]
    quiet = ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_CONFIG_DIR": str(folder), "JUPYTER_DATA_DIR": ""}
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options, *quiet, f"--notebook-dir={folder}"]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}/lab/tree/notebook.ipynb?token={TOKEN}"
        finally:
            server.terminate()
            server.wait(30)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(120):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError("JupyterLab did not start")


def opened(browser: Browser, address: str) -> tuple[Page, list[str]]:
    """The notebook in a browser, and what it asked of others than its server: nothing should be there."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    foreign: list[str] = []
    page.on("request", lambda asked: None if _own(asked.url) else foreign.append(asked.url))
    page.goto(address)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    return page, foreign


def _own(url: str) -> bool:
    return url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))


def run(page: Page, number: int) -> Locator:
    """Run a cell as people do; gives its output."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    return cell.locator(".jp-OutputArea-output")
