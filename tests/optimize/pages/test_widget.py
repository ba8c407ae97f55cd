"""The what-if in a notebook: what people settle on comes to Python, what Python sets is seen, and without anywidget the
notebook says what to install."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from support import jupyter
from support.islands import MODEL

import optimize as opt
from optimize.pages import notebook
from optimize.pages.notebook import WithoutWidgets
from optimize.pages.subject import Subject
from optimize.pages.widget import Explore
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


@pytest.fixture
def widget(system: System, plan: opt.Plan) -> Explore:
    """The islands as a widget."""
    found = opt.explore(system, plan=plan)
    assert isinstance(found, Explore)
    return found


def test_what_the_page_offers_to_start_from_can_be_shown(system: System, plan: opt.Plan) -> None:
    """By its name."""
    what_if = opt.explore(system, plan=plan)
    what_if.show(what_if.presets["baseline"])
    assert what_if.x == pytest.approx(what_if.presets["baseline"])


def test_a_widget_begins_with_the_policy_of_its_page(widget: Explore) -> None:
    """As a vector of all levers and as paths; nothing differs from the model."""
    assert widget.x.shape == (widget.problem.size,)
    np.testing.assert_array_equal(widget.problem.vector(dict(widget.policy.data_vars)), widget.x)
    assert widget.constants == {}


def test_a_notebook_that_does_not_run_says_what_stood_there(widget: Explore) -> None:
    """In a sentence, without the whole model."""
    assert repr(widget) == "What-if of islands: sliders, in a notebook that runs."


def test_what_python_shows_is_what_python_reads(widget: Explore) -> None:
    """A vector, or paths by name as a result has them; what is not given stays."""
    x = widget.problem.lower + 0.25 * np.linspace(0.1, 0.9, widget.problem.size)
    widget.show(x)
    np.testing.assert_array_equal(widget.x, x)
    name = widget.payload["constants"][0]["name"]
    low, high = (widget.payload["constants"][0][key] for key in ("low", "high"))
    widget.show(constants={name: (low + high) / 2})
    np.testing.assert_array_equal(widget.x, x)
    assert widget.constants == {name: (low + high) / 2}
    again = widget.policy
    widget.show(again, constants={})
    np.testing.assert_allclose(widget.x, x, rtol=1e-15)
    assert widget.constants == {}


def test_what_people_settle_on_is_what_python_reads(widget: Explore) -> None:
    """What the page told last counts, until Python shows something else."""
    mine = np.full(widget.problem.size, 0.25)
    widget.told = {"policy": memoryview(mine.astype("<f8").tobytes()), "constants": {"a": 2.0}}
    np.testing.assert_array_equal(widget.x, mine)
    assert widget.constants == {"a": 2.0}
    widget.show(widget.problem.lower, constants={})
    np.testing.assert_array_equal(widget.x, widget.problem.lower)


def test_what_does_not_fit_is_refused_in_words(widget: Explore) -> None:
    """Another number of levers, NaN, a constant that is not there or out of its range."""
    first = widget.payload["constants"][0]
    for said, given in {
        "expected": {"policy": np.zeros(3)},
        "out of their bounds": {"policy": np.full(widget.problem.size, -99.0)},
        "finite": {"policy": np.full(widget.problem.size, np.nan)},
        "is no constant of this what-if": {"constants": {"nothing": 1.0}},
        "out of its range": {"constants": {first["name"]: first["high"] + 1.0}},
    }.items():
        with pytest.raises(InvalidRequest, match=said):
            widget.show(**given)  # type: ignore[arg-type]


def test_a_language_that_is_not_there_is_refused(subject: Subject) -> None:
    """The two that there are stand in the sentence."""
    with pytest.raises(InvalidRequest, match=r"no language 'de'.*en, zh"):
        opt.explore(subject.system, language="de")


def test_without_anywidget_a_notebook_says_what_to_install(
    system: System, plan: opt.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In text and in HTML, with a way to have the same as a page."""
    monkeypatch.setattr(notebook, "find_spec", lambda name: None)
    found = opt.explore(system, plan=plan)
    assert isinstance(found, WithoutWidgets)
    for text in (repr(found), found._repr_html_()):
        assert "common-prosperity[notebook]" in text
        assert "explore_page" in text


@pytest.mark.slow
def test_a_widget_works_in_jupyterlab(browser: Browser, tmp_path: Path) -> None:
    """Dragged, read in Python, set from Python, seen; and nothing is asked of any other machine."""
    (tmp_path / "islands.mdl").write_text(MODEL, encoding="utf-8")
    first = "import sd_models as sd, optimize as opt\nw = opt.explore(sd.load('islands.mdl'), language='en')\n"
    cells = (
        f"{first}start = w.x.copy()\nw",
        "print('moved', bool((w.x != start).any()), float(w.x.sum()).hex())",
        "w.show(start / 2)",
        "print('halved', bool((abs(w.x - start / 2) <= 1e-11 * start).all()))",
    )
    with jupyter.served(tmp_path, cells) as address:
        page, foreign = jupyter.opened(browser, address)
        slider = jupyter.run(page, 0).get_by_role("slider").first
        slider.focus()
        slider.press("ArrowRight")
        slider.press("ArrowRight")
        before = slider.input_value()
        expect(jupyter.run(page, 1)).to_contain_text("moved True")
        jupyter.run(page, 2)
        expect(slider).not_to_have_value(before)
        expect(jupyter.run(page, 3)).to_contain_text("halved True")
        page.close()
    assert not foreign
