"""The flagship under extreme conditions, on 31 provinces: whatever the numbers, nobody is lost and no yuan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
import xarray as xr
from support import flagship
from support.flagship import END, baseline, faults, largest, names, own, spending

from sd_models.system.model import FloatArray

Money = Callable[[], xr.DataArray]


@dataclass(frozen=True)
class Case:
    """Other numbers, money for measures, and what must hold besides what always holds."""

    constants: Callable[[], Mapping[str, object]] = field(default=dict)
    money: Money | None = None
    holds: Callable[[xr.Dataset], bool] = lambda run: True


def everywhere(value: float) -> FloatArray:
    """The same in each province."""
    return np.full(31, value)


def scaled(name: str, factor: float) -> dict[str, object]:
    """The model's own values times a factor."""
    return {name: own(name) * factor}


def only_in(province: str, name: str, value: float) -> FloatArray:
    """The model's own values, but for one province."""
    return np.where(np.asarray(names("province")) == province, value, own(name))


def of_output(share: float, province: str | None = None, measure: str | None = None) -> xr.DataArray:
    """A share of the own output of each province (or of one) from 2026 on, alike over measures or for one."""
    output = baseline()["GDP"]
    there = xr.ones_like(output.province, float) if province is None else (output.province == province).astype(float)
    parts = xr.DataArray(np.full(16, 1 / 16), {"measure": names("measure")})
    if measure:
        parts = (parts.measure == measure).astype(float)
    return (share * output * (output.time >= 2026) * there * parts).transpose("time", "province", "measure")


def at(time: float, run: xr.Dataset, name: str) -> float:
    """A variable at a time, summed over the provinces."""
    return float(run[name].sel(time=time).sum())


def less(name: str, time: float = END) -> Callable[[xr.Dataset], bool]:
    """There is less of it than in the baseline, in 2050 or at another time."""
    return lambda run: at(time, run, name) < at(time, baseline(), name)


def more(name: str) -> Callable[[xr.Dataset], bool]:
    """There is more of it in 2050 than in the baseline."""
    return lambda run: at(END, run, name) > at(END, baseline(), name)


def nothing(*variables: str) -> Callable[[xr.Dataset], bool]:
    """These are 0 all the time."""
    return lambda run: all(largest(run[name]) == 0 for name in variables)


NOBODY_MOVES = dict.fromkeys(
    ("normal leaving rate", "basic mobility", "return rate", "advance rate", "basic citizenization"), 0.0
)
MOVES = ("leaving the countryside", "arrivals without hukou", "arrivals with hukou", "returning migrants")
SIZES = ("initial population", "initial GDP", "initial capital", "initial CO2", "initial debt", "energy on record")

CASES: dict[str, Case] = {
    # people
    "no ceiling of the urban share": Case(lambda: {"ceiling of the urban share": everywhere(1.0)}),
    "nobody moves": Case(lambda: dict(NOBODY_MOVES), holds=nothing(*MOVES)),
    "ten times the migration": Case(
        lambda: {"normal leaving rate": 0.56, "basic mobility": 0.3, "return rate": 0.2, "advance rate": 0.1}
    ),
    "a hundred times the migration": Case(
        lambda: {"normal leaving rate": 5.6, "basic mobility": 3.0, "return rate": 2.0, "advance rate": 1.0}
    ),
    "everybody on the move": Case(
        lambda: {"basic mobility": 1.0}, holds=lambda run: float(run["population"].sel(time=END).max()) < 300
    ),
    "everybody on the move, citizens as well": Case(lambda: {"basic mobility": 4.0, "mobility of citizens": 1.0}),
    "everybody goes back at once": Case(lambda: {"return rate": 4.0}, holds=less("urban population")),
    "everybody leaves at once": Case(
        lambda: {"highest leaving rate": 3.5, "normal leaving rate": 10.0}, holds=less("rural population")
    ),
    "everybody becomes a citizen at once": Case(
        lambda: {"basic citizenization": 4.0, "share that gets hukou at once": 1.0}
    ),
    "five per cent fewer people a year": Case(
        lambda: {"natural growth offset": everywhere(-0.05)}, holds=lambda run: at(END, run, "population") < 250
    ),
    "twenty per cent fewer people a year": Case(lambda: {"natural growth offset": everywhere(-0.2)}),
    "five per cent more people a year": Case(lambda: {"natural growth offset": everywhere(0.05)}),
    "hardly anybody in a province": Case(
        lambda: {name: only_in("Beijing", name, own(name)[0] * 1e-9) for name in SIZES},
        holds=lambda run: float(run["population"].sel(time=END, province="Beijing")) < 5,
    ),
    "hardly anybody in the countryside": Case(lambda: {"initial urban share": everywhere(0.999)}),
    "hardly anybody in towns": Case(lambda: {"initial urban share": everywhere(0.01)}),
    "nobody without hukou": Case(lambda: {"initial share without hukou": everywhere(0.0)}, lambda: spending(0.05)),
    "everybody without hukou": Case(lambda: {"initial share without hukou": everywhere(1.0)}),
    "no cities, only towns": Case(lambda: {"initial town share": everywhere(1.0)}, lambda: spending(0.05)),
    "no towns, only cities": Case(lambda: {"initial town share": everywhere(0.0)}, lambda: spending(0.05)),
    "one province attracts everybody": Case(
        lambda: {"openness": only_in("Tibet", "openness", 1e6)},
        holds=lambda run: str(run["population"].sel(time=END).idxmax("province").values) == "Tibet",
    ),
    "a province attracts nobody": Case(lambda: {"openness": only_in("Guangdong", "openness", 0.0)}),
    "movers stay in their cluster": Case(lambda: {"share that stays in the cluster": 1.0}),
    "people go where income is": Case(lambda: {"destination elasticity": 10.0}),
    "housing takes nine tenths": Case(lambda: {"initial housing burden": 0.9}, holds=less("urban population")),
    "building takes no land": Case(lambda: {"land for a resident": 0.0}, holds=nothing("land taken")),
    "building takes nearly all land": Case(
        lambda: {"land for a resident": 20.0}, holds=lambda run: float(run["farm land"].sel(time=END).min()) < 0.1
    ),
    "no pay gap": Case(lambda: {"pay gap": 0.0}),
    "a pay gap of nine tenths": Case(lambda: {"pay gap": 0.9}, holds=less("urban population")),
    # output and capital
    "no private investment": Case(lambda: {"private part of investment": 0.0}, holds=less("national GDP")),
    "no use of capital": Case(lambda: {"capital elasticity": 0.0}),
    "capital wears out three times as fast": Case(
        lambda: {"wear of private capital": 0.18, "wear of infrastructure": 0.12}, holds=less("national GDP")
    ),
    "capital wears out within a year": Case(lambda: {"wear of private capital": 0.9, "wear of infrastructure": 0.9}),
    "hardly any capital": Case(lambda: scaled("initial capital", 1e-3)),
    "capital stays at home": Case(
        lambda: {"mobile share of savings": 0.0},
        holds=lambda run: largest(run["private investment"] - run["wish to invest"]) < 1e-12,
    ),
    "all capital looks for the best return": Case(
        lambda: {"mobile share of savings": 1.0, "response to returns": 10.0}
    ),
    "knowledge is worth nothing": Case(lambda: {"knowledge elasticity": 0.0}, holds=less("national GDP")),
    "knowledge is worth as much as all else": Case(lambda: {"knowledge elasticity": 1.0}, holds=more("national GDP")),
    "productivity falls by five per cent a year": Case(
        lambda: {"middle technology growth": -0.05}, holds=less("national GDP")
    ),
    "productivity grows by ten per cent a year": Case(
        lambda: {"middle technology growth": 0.1}, holds=more("national GDP")
    ),
    "dirty air is deadly for output": Case(lambda: {"pollution damage": 0.1}),
    "nobody abroad buys": Case(lambda: {"external demand": -0.4}, holds=less("national GDP", 2020.5)),
    "everybody abroad buys": Case(lambda: {"external demand": 0.5}),
    "people hardly consume": Case(
        lambda: {"propensity of citizens": 0.2, "propensity of rural people": 0.2}, holds=less("national GDP", 2020.5)
    ),
    # incomes and schooling
    "households earn a tenth of output": Case(lambda: {"later household share": everywhere(0.1)}),
    "households earn nine tenths of output": Case(lambda: {"later household share": everywhere(0.9)}),
    "transfers five times as high": Case(
        lambda: {"growth of rural transfers with convergence": 10.0, "growth of urban transfers": 6.0}
    ),
    "rural people start with a tenth": Case(lambda: scaled("initial rural income", 0.1)),
    "rural people start with thrice": Case(lambda: scaled("initial rural income", 3.0)),
    "rural incomes fall away": Case(lambda: {"rural growth on record": -0.05, "fading time with convergence": 50.0}),
    "rural incomes run ahead": Case(lambda: {"rural growth on record": 0.05, "fading time with convergence": 50.0}),
    "land is all": Case(lambda: {"response to land with convergence": 2.0}),
    "a generation lasts a year": Case(lambda: {"generation": 1.0, "time at school": 1.0}),
    "nobody went to school": Case(
        lambda: {
            "initial rural schooling": everywhere(0.1),
            "initial urban schooling": everywhere(0.1),
            "schooling momentum": everywhere(0.0),
        }
    ),
    "the schooled leave": Case(
        lambda: {"lead of leavers": 1.0, "normal leaving rate": 0.2, "highest leaving rate": 1.0}
    ),
    # energy and air
    "coal ends within years": Case(
        lambda: {"coal decline on record": 1.0, "coal decline as on record": 1.0}, holds=less("national CO2")
    ),
    "coal ends and oil and gas too": Case(
        lambda: {
            "coal decline on record": 1.0,
            "coal decline as on record": 1.0,
            "oil and gas part of the change": 1.0,
        },
        lambda: spending(0.05, only="green production"),
        less("national CO2"),
    ),
    "green production ends coal at once": Case(
        lambda: {"full effect of green production": 1.0},
        lambda: spending(0.05, only="green production"),
        less("national CO2"),
    ),
    "energy is never saved": Case(
        lambda: {
            "energy decline on record": 0.0,
            "energy decline as on record": 0.0,
            "energy decline offset": everywhere(0.0),
        },
        holds=more("national CO2"),
    ),
    "a fifth of energy is saved a year": Case(
        lambda: {"energy decline on record": 0.2, "energy decline as on record": 0.2}, holds=less("national CO2")
    ),
    "a thousand times the emissions": Case(
        lambda: scaled("initial CO2", 1e3),
        holds=lambda run: float(run["score"].sel(indicator="carbon level").max()) < 0.1,
    ),
    "hardly any emissions": Case(
        lambda: scaled("initial CO2", 1e-6),
        holds=lambda run: float(run["score"].sel(indicator="carbon level").min()) > 0.9,
    ),
    "ten times the particles": Case(lambda: scaled("initial particles", 10.0)),
    "forest everywhere": Case(
        lambda: {"later forest cover": everywhere(1.0)}, lambda: spending(0.05, only="ecological restoration")
    ),
    # public money
    "five times the debt": Case(lambda: scaled("initial debt", 5.0)),
    "fifty times the debt": Case(lambda: scaled("initial debt", 50.0), holds=less("national GDP")),
    "no debt": Case(lambda: scaled("initial debt", 0.0)),
    "interest of a tenth": Case(lambda: {"interest rate": 0.1, **scaled("initial debt", 5.0)}),
    "no taxes": Case(lambda: {"shared tax share": 0.0, "own revenue share": everywhere(0.0), "central tax share": 0.0}),
    "five times the transfers from the nation": Case(lambda: {"shared tax share": 0.375}),
    "no public spending": Case(
        lambda: {"initial spending share": everywhere(0.0), "later spending share": everywhere(0.0)},
        lambda: spending(0.05),
    ),
    "three times the public spending": Case(
        lambda: {**scaled("initial spending share", 3.0), **scaled("later spending share", 3.0)}
    ),
    "nobody sells land": Case(lambda: {"land sale share": everywhere(0.0)}, holds=nothing("land income")),
    # measures
    "no money is the baseline": Case(
        money=lambda: spending(0.0),
        holds=lambda run: all(np.array_equal(run[name], baseline()[name]) for name in ("welfare rate", "public debt")),
    ),
    "half of output for measures": Case(
        money=lambda: of_output(0.5), holds=lambda run: float(run["reached"].sel(time=END).median()) > 0.9
    ),
    "ten times the output for measures": Case(money=lambda: spending(10.0)),
    "all money in one province": Case(money=lambda: of_output(20.0, "Tibet")),
    "all output for one measure": Case(money=lambda: of_output(1.0, measure="social insurance")),
    "all output for rural transfers": Case(money=lambda: of_output(1.0, measure="rural revitalization")),
    "the nation pays all measures": Case(lambda: {"share paid by the nation": 1.0}, lambda: spending(0.05)),
    "the nation pays no measures": Case(
        lambda: {"share paid by the nation": 0.0}, lambda: spending(0.05), nothing("levy for measures")
    ),
    "nothing is spent today": Case(lambda: {"share of spending today": np.zeros((31, 16))}, lambda: spending(0.05)),
    "measures cost a million times as much": Case(
        lambda: {"price of a measure": np.full(16, 1e6)},
        lambda: spending(0.05),
        lambda run: float(run["reached"].max()) < 1e-4,
    ),
    "programmes last for ever": Case(
        lambda: {"lifetime of programmes": np.full(16, 1e9)},
        lambda: spending(0.05),
        lambda run: float(run["programmes worn out"].max()) < 1e-6,
    ),
    "staff and builders never grow": Case(
        lambda: {"staffing time": 1e6, "elasticity of cost to strain": 0.9}, lambda: spending(0.05)
    ),
    "haste costs with an elasticity of five": Case(
        lambda: {"elasticity of cost to strain": 5.0}, lambda: spending(0.05)
    ),
    "measures crowd out investment": Case(lambda: {"crowding out": 10.0}, lambda: spending(0.05), less("national GDP")),
    # closures
    **{
        f"{closure} {choice}": Case(
            lambda closure=closure, choice=choice: {closure: float(choice)}, lambda: spending(0.02)
        )
        for closure in ("income closure", "productivity closure", "energy closure")
        for choice in (1, 2, 3)
    },
}


@pytest.mark.parametrize("name", CASES)
def test_extreme_conditions(name: str) -> None:
    """Finite, nobody below zero, shares between 0 and 1, all accounts closed; and what the case is about."""
    case = CASES[name]
    found = flagship.run(case.constants(), case.money() if case.money else None)
    assert faults(found) == []
    assert case.holds(found)
