"""Calibration files are read strictly, and what contradicts itself is said before anything is computed."""

from __future__ import annotations

from typing import Any

import pytest

from optimize.calibration.specification import Calibration, Transform
from optimize.files.documents import document_of
from sd_models.errors import InvalidRequest

LEAST: dict[str, Any] = {"parameter": [{"name": "k"}], "series": [{"variable": "x"}]}


def test_little_is_enough() -> None:
    """A parameter and a series; everything else has a default."""
    asked = document_of(LEAST, Calibration)
    assert (asked.seed, asked.starts, asked.holdout) == (1, 1, None)
    assert asked.series[0].transform is Transform.LOG
    assert asked.series[0].title == "x"


def test_elements_may_be_one_or_a_list() -> None:
    """One text stands for a list of one."""
    where = {"lake": "north", "fish": ["trout", "pike"]}
    asked = document_of({**LEAST, "parameter": [{"name": "k", "where": where}]}, Calibration)
    assert asked.parameter[0].where == {"lake": ("north",), "fish": ("trout", "pike")}


WRONG = {
    "from after to": ({"window": {"from": 2020, "to": 2010}}, "from = 2020 is after to = 2010"),
    "holdout sees what it judges": ({"holdout": {"fit_to": 2017, "from": 2015}}, "would judge what it saw"),
    "holdout without end": ({"holdout": {"fit_to": 2017, "to": 2016}}, "leaves nothing to judge by"),
    "bounds": ({"parameter": [{"name": "k", "lower": 2, "upper": 1}]}, "lower = 2 is not below upper = 1"),
    "prior without deviation": ({"parameter": [{"name": "k", "prior": 2}]}, "needs its standard deviation"),
    "deviation of zero": ({"series": [{"variable": "x", "deviation": 0}]}, "greater than 0"),
    "weights of a sum": ({"series": [{"variable": "x", "total_weights": "y"}]}, "add total = 'mean'"),
    "transform": ({"series": [{"variable": "x", "transform": "logs"}]}, "Did you mean 'log'?"),
    "factor of zero": ({"series": [{"variable": "x", "factor": 0}]}, "leaves nothing of the data"),
    "unknown key": ({"sereis": []}, "Did you mean 'series'?"),
    "unknown key of a store": ({"parameter": [{"name": "k", "store": {"fil": "a"}}]}, "Did you mean 'file'?"),
    "no parameter": ({"parameter": []}, "parameter"),
    "no start": ({"starts": 0}, "starts"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_contradicts_itself_is_refused(case: str) -> None:
    """With the place and the way out."""
    change, told = WRONG[case]
    with pytest.raises(InvalidRequest, match=told):
        document_of({**LEAST, **change}, Calibration)


def test_all_faults_come_at_once() -> None:
    """As many as there are."""
    content = {**LEAST, **{name: value for change, _ in list(WRONG.values())[:2] for name, value in change.items()}}
    with pytest.raises(InvalidRequest) as raised:
        document_of({**content, "sede": 3}, Calibration)
    assert len(raised.value.faults) == 3
