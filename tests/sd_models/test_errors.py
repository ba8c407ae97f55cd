"""What the person who brought the model reads."""

from __future__ import annotations

import pytest

from sd_models.errors import Fault, InvalidModel, ModelError, UnreadableModel, UnsafeModel, UnsupportedFunction, nearest


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("wrong."), "wrong."),
        (Fault("wrong.", advice="Do it."), "wrong. Do it."),
        (Fault("wrong.", file="m.mdl"), "m.mdl: wrong."),
        (Fault("wrong.", "x", "m.mdl"), 'm.mdl, "x": wrong.'),
        (Fault("wrong.", "x", "m.mdl", 3, "Do it."), 'm.mdl:3, "x": wrong. Do it.'),
        (Fault("wrong.", '"a b"'), '"a b": wrong.'),
    ],
)
def test_a_fault_reads_as_a_sentence(fault: Fault, text: str) -> None:
    """Place, variable, what was found, what to do; what is not known has no words, and quotes stand once."""
    assert str(fault) == text


def test_an_error_has_a_line_for_each_fault() -> None:
    """And keeps the faults as values."""
    faults = (Fault("one."), Fault("two."))
    assert str(ModelError(faults)) == "one.\ntwo."
    assert ModelError(faults).faults == faults
    assert ModelError(faults[0]).faults == faults[:1]
    assert ModelError(iter(faults)).faults == faults


def test_errors_can_be_caught_by_what_they_mean() -> None:
    """An unsafe file is unreadable, an unsupported function makes a model invalid, and all are model errors."""
    assert issubclass(UnsafeModel, UnreadableModel)
    assert issubclass(UnsupportedFunction, InvalidModel)
    assert issubclass(UnreadableModel, ModelError)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Populaton", "Did you mean 'Population'?"),
        ("POPULATION", "Did you mean 'Population'?"),
        ("birth rat", "Did you mean 'birth rate' or 'death rate'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_a_misspelt_name_gets_the_nearest(name: str, advice: str) -> None:
    """In their own spelling, whatever the case; none where none is near."""
    assert nearest(name, ["Population", "birth rate", "death rate"]) == advice
