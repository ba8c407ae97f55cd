"""The site of the documentation: what it is made of, and that no page asks another host for anything."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.pages import DOCS, ROOT

import optimize
import sd_models

sys.path.insert(0, str(ROOT / "docs" / "site"))
import conf
import made
import other_hosts

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


def links(path: Path) -> list[str]:
    """What a page links in the repository, from its root on."""
    found = LINK.findall(path.read_text(encoding="utf-8"))
    return [(path.parent / link).resolve().relative_to(ROOT).as_posix() for link in found]


@pytest.fixture(scope="module")
def pages() -> dict[str, str | bytes]:
    """All that is made."""
    return {name: content for make in (made.notebooks, made.models, made.reference) for name, content in make()}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path, pages: dict[str, str | bytes]) -> None:
    """In the repository to a file, and on the site to the page that is made of it, where it is none of `docs/`."""
    for link in links(path):
        assert (ROOT / link).exists(), link
        if not link.startswith("docs/"):
            [made_of] = re.findall(r"/generated/([^)#]+)", conf.LINK.sub(conf._link, f"](../{link}"))
            assert made_of in pages, link


def test_what_is_not_made_stays_a_link(pages: dict[str, str | bytes]) -> None:
    """Sphinx warns of it then, which ends the build."""
    assert conf.LINK.sub(conf._link, "](../optimize/runs/policy.py)") == "](../optimize/runs/policy.py)"


@pytest.mark.parametrize("package", [sd_models, optimize], ids=lambda package: package.__name__)
def test_the_reference_has_every_public_name(package: ModuleType, pages: dict[str, str | bytes]) -> None:
    """From the docstrings, in their order."""
    page = str(pages[f"reference/{package.__name__}.md"])
    found = re.findall(rf"auto(?:class|function):: {package.__name__}\.(\w+)", page)
    assert found == package.__all__


def test_the_reference_has_every_command(pages: dict[str, str | bytes]) -> None:
    """With all its options, as its own help says them."""
    page = str(pages["reference/commands.md"])
    assert re.findall(r"^## (\w+)", page, flags=re.MULTILINE) == made.commands()
    assert "--time-limit" in page


def test_the_contents_have_every_page(pages: dict[str, str | bytes]) -> None:
    """Or pages could only be found by chance."""
    told = set(conf.CONTENTS.split())
    asked = [path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in DOCS]
    asked += [f"generated/{name[:-3]}" for name in pages if name.endswith(".md") and not name.startswith("notebooks/")]
    assert [page for page in asked if page not in told] == ["index"]


def test_a_notebook_becomes_a_page() -> None:
    """Code as code, tables as tables, pictures as files."""
    notebook = made.Notebook("name")
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]},
        {"output_type": "execute_result", "data": {"text/html": "<style>x</style><table>1</table>", "text/plain": "1"}},
        {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
        {"output_type": "display_data", "data": {"image/svg+xml": ["<svg>", "</svg>"], "text/plain": "<Figure>"}},
    ]
    parts = list(notebook.cell({"cell_type": "code", "source": ["x = 1\n", "x"], "outputs": outputs}))
    assert parts[:3] == ["```python\nx = 1\nx\n```", "```text\none\ntwo\n```", "<table>1</table>"]
    assert [re.findall(r"\((.*)\)", part) for part in parts[3:]] == [["name-1.png"], ["name-2.svg"]]
    assert notebook.pictures == {"name-1.png": b"\0\0\0", "name-2.svg": b"<svg></svg>"}


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<a href="https://a.org/">far</a> <link rel="canonical" href="https://a.org">', []),
        ('<script src="_static/x.js"></script><img src="data:image/png;base64,AAAA"><img src="//">', ["//"]),
        ('<link rel="stylesheet" href="https://a.org/x.css">', ["https://a.org/x.css"]),
        ('<link rel="preconnect" href="//a.org">', ["//a.org"]),
        ('<img srcset="HTTPS://a.org/x.png 2x">', ["HTTPS://a.org/x.png 2x"]),
        ("<style>@import 'http://a.org/x.css'; p { background: url( \"//b.org/y\") }</style>", None),
        ("<p>@import 'http://a.org/x.css'</p>", []),
    ],
)
def test_what_a_page_loads_from_elsewhere_is_seen(page: str, found: list[str] | None) -> None:
    """Not what people may follow, and not what only looks like it."""
    expected = ["http://a.org/x.css", "//b.org/y"] if found is None else found
    assert other_hosts.foreign(page) == expected


def test_all_files_of_a_site_are_looked_at(tmp_path: Path) -> None:
    """Pages and style sheets, in all folders."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page.html").write_text('<img src="http://a.org/x.png">', encoding="utf-8")
    (tmp_path / "page.css").write_text("p { background: url(https://a.org/x.png) }", encoding="utf-8")
    assert [page for page, _ in other_hosts.foreign_of_site(tmp_path)] == ["deep/page.html", "page.css"]
    with pytest.raises(RuntimeError, match=r"page\.css loads https://a\.org/x\.png"):
        conf.judge(type("App", (), {"outdir": str(tmp_path)}), None)


def test_examples_run() -> None:
    """Those in the docstrings of what makes the site."""
    assert doctest.testmod(other_hosts).attempted
    assert not doctest.testmod(other_hosts).failed
