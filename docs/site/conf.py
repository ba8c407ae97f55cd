"""The documentation as a site: `sphinx-build -W --keep-going -c docs/site docs build/site`.

Why Sphinx (with MyST for Markdown, Furo for the looks) and not MkDocs: docstrings with examples read well in both, but
the maintenance of Material for MkDocs ends in 2027; and Furo asks no other host for fonts or scripts.

Pages link what they name where it lies in the repository (`../notebooks/first_policy.ipynb`), so that they can be read
there, too; here such a link leads to the page that is made of it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import made  # noqa: E402
import other_hosts  # noqa: E402

project = "common-prosperity"
author = "common-prosperity developers"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["site", "benchmarks", "generated/as_it_is"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # a page of the reference or a notebook may begin with a lower level

default_role = "code"  # docstrings name code as Markdown does
autodoc_default_options = {"members": True, "member-order": "bysource", "exclude-members": "model_config"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {name: name for name in ("FloatArray", "IndexArray", "Mask", "Amount", "Points", "Elements")}
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

PAGES = HERE.parent / "generated"
LINK = re.compile(r"\]\((?:\.\./)+((?:notebooks|sd_models|optimize)/[\w./]+)")
MADE = {  # what is made of a file, by a pattern of its path
    r"notebooks/(\w+)\.ipynb": r"notebooks/\1.md",
    r"sd_models/(\w+)/([\w/]+\.(?:md|png))": r"models/\1/\2",
    r"sd_models/system/functions\.py": "reference/functions.md",
    r"optimize/plans/plan\.py": "reference/plans.md",
    r"optimize/problems/program\.py": "reference/optimize.md#program",
}
CONTENTS = """
```{toctree}
:hidden:

tutorial
explore
```

```{toctree}
:hidden:
:caption: How to

how-to/model
how-to/diagram
how-to/runs
how-to/explore
how-to/plan
how-to/results
how-to/compare
how-to/explain
how-to/report
how-to/solvers
how-to/families
how-to/benchmark
how-to/headlines
how-to/assumptions
```

```{toctree}
:hidden:
:caption: Notebooks
:glob:

generated/notebooks/*
```

```{toctree}
:hidden:
:caption: Explanation

explanation/road
explanation/claims
explanation/bounds
explanation/flagship
generated/models/common_prosperity/README
generated/models/common_prosperity/sensitivity
generated/models/urbanization/README
```

```{toctree}
:hidden:
:caption: Reference

generated/reference/commands
generated/reference/plans
generated/reference/sd_models
generated/reference/optimize
generated/reference/functions
```
"""


def make(app: Any) -> None:
    """Before pages are read: those that are made from elsewhere."""
    made.write_pages(PAGES)
    (PAGES / made.AS_IT_IS).mkdir(exist_ok=True)
    app.config.html_extra_path = [str(PAGES / made.AS_IT_IS)]


def prepare(_: Any, name: str, source: list[str]) -> None:
    """The text of a page, with links to where things are on the site."""
    if not name.startswith("generated/"):
        source[0] = LINK.sub(_link, source[0])
    if name == "index":
        source[0] += CONTENTS
    if name == "explore":
        link = f'<a href="{made.EXPLORE}">Open the what-if page of the flagship</a>'
        source[0] = source[0].replace("<!-- page -->", link if made.has_explore() else "*Not in this version yet.*")


def _link(found: re.Match[str]) -> str:
    for pattern, page in MADE.items():
        if re.fullmatch(pattern, found[1]):
            return f"](/generated/{re.sub(pattern, page, found[1])}"
    return found[0]


def judge(app: Any, failure: Exception | None) -> None:
    """After all pages: none may load anything from another host."""
    found = [f"{page} loads {address}" for page, address in other_hosts.foreign_of_site(Path(app.outdir))]
    if found and failure is None:
        raise RuntimeError("From another host: " + "; ".join(found))


def setup(app: Any) -> None:
    """What Sphinx calls when."""
    app.connect("builder-inited", make)
    app.connect("source-read", prepare)
    app.connect("build-finished", judge)
