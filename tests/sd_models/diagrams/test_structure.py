"""Which variables are flows, and what runs through valves without a name."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.models import loaded

from sd_models.diagrams.picture import Role
from sd_models.diagrams.structure import Structure, Valve, structure

MORE = "a = 2 ~~|\nb = 3 ~~|\nk = 4 ~~|\n"


def read(folder: Path, text: str) -> Structure:
    """The structure of a model with some constants."""
    return structure(loaded(folder, MORE + text))


def shape(valve: Valve) -> tuple[str, str, str, bool, dict[str, int | None]]:
    """A valve as values."""
    return valve.flow, valve.source, valve.target, valve.both, {cause.name: cause.sign for cause in valve.causes}


FLOWS = {
    "in and out": ("s = INTEG(a - b, 1) ~~|", [("a", "", "s", False, {}), ("b", "s", "", False, {})]),
    "between two stocks": ("s = INTEG(-a, 1) ~~|\nt = INTEG(a, 1) ~~|", [("a", "s", "t", False, {})]),
    "minus in brackets": ("s = INTEG(-(b - a), 1) ~~|", [("a", "", "s", False, {}), ("b", "s", "", False, {})]),
    "a term without a name": (
        "s = INTEG(a - s / k, 1) ~~|",
        [("a", "", "s", False, {}), ("", "s", "", False, {"k": -1, "s": 1})],
    ),
    "either way": ("s = INTEG((a - s) / k, 1) ~~|", [("", "", "s", True, {"a": 1, "k": None, "s": -1})]),
    "a part of a flow": ("s = INTEG(a * b, 1) ~~|", [("", "", "s", False, {"a": 1, "b": 1})]),
    "a second stock": (
        "s = INTEG(a, 1) ~~|\nt = INTEG(a, 1) ~~|",
        [("a", "", "s", False, {}), ("", "", "t", False, {"a": 1})],
    ),
    "a stock is no flow": (
        "s = INTEG(1, 1) ~~|\nt = INTEG(s, 1) ~~|",
        [("", "", "s", False, {}), ("", "", "t", False, {"s": 1})],
    ),
    "nothing": ("s = INTEG(0, a) ~~|", []),
    "time": ("s = INTEG(Time, 1) ~~|", [("", "", "s", False, {"Time": 1})]),
}


@pytest.mark.parametrize("case", FLOWS)
def test_valves_of_stocks(case: str, tmp_path: Path) -> None:
    """Flows by name first, then what has none, by its direction."""
    text, expected = FLOWS[case]
    found = [shape(valve) for valve in read(tmp_path, text).valves]
    assert [(*valve[:4], set(valve[4])) for valve in found] == [(*valve[:4], set(valve[4])) for valve in expected]
    for one, other in zip(found, expected, strict=True):
        known = {name: sign for name, sign in other[4].items() if sign is not None and name != "Time"}
        assert known.items() <= one[4].items()


def test_a_sum_over_regions_is_its_flow(tmp_path: Path) -> None:
    """SUM(a[r!]) fills a national stock as a fills a regional one."""
    found = read(tmp_path, "r: r1, r2 ~~|\nx[r] = 5 ~~|\ns = INTEG(SUM(x[r!]), 1) ~~|")
    assert [shape(valve) for valve in found.valves] == [("x", "", "s", False, {})]
    assert found.roles["x"] is Role.FLOW


def test_macros_pass_their_causes_on(tmp_path: Path) -> None:
    """What a macro makes is not drawn; its arguments are causes of the variable that calls it."""
    macro = ":MACRO: twice(x)\ntwice = x * 2 ~~|\n:END OF MACRO:\n"
    found = structure(loaded(tmp_path, f"{macro}{MORE}y = twice(a) + b ~~|"))
    assert {cause.name for cause in found.causes["y"]} == {"a", "b"}
    assert all(":" not in name for name in found.roles)


def test_initial_values_lead_to_the_stock(tmp_path: Path) -> None:
    """What passes valves does not."""
    found = read(tmp_path, "s = INTEG(a - s / k, b) ~~|")
    assert [(cause.name, cause.initial) for cause in found.causes["s"]] == [("b", True)]
