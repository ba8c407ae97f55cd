"""Two valleys that share a budget, so small that the best policy, its gain and its prices are known by hand.

Each year three billion yuan are spent, of which the upper valley gets one at least. A yuan on roads brings .8 yuan of
wealth in the upper valley and 1.2 in the lower one, on schools less, and all of it is levied, half from each. So the
best is to build roads alone, one billion in the upper valley and two in the lower: the upper one loses .7 a year, the
lower one gains .9. Four years make 7.2 and 13.6 of the 10 and 10 that each would have.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optimize as opt
import sd_models as sd

MODEL = """{UTF-8}
valley: upper, lower ~~|
use: roads, schools ~~|
money[valley, use] = 0 ~ billion yuan/Year ~ Lever. |
return[valley, use] = 0.8, 0.6; 1.2, 1.1; ~ Dmnl ~ Wealth that a yuan brings. |
levy share[valley] = 0.5, 0.5 ~ Dmnl ~|
all money = SUM(money[valley!, use!]) ~ billion yuan/Year ~|
wealth[valley] = INTEG(SUM(return[valley, use!] * money[valley, use!]) - levy share[valley] * all money, initial wealth)
    ~ billion yuan ~|
initial wealth = 10 ~ billion yuan ~|
national wealth = SUM(wealth[valley!]) ~ billion yuan ~|
INITIAL TIME = 2024 ~ Year ~|
FINAL TIME = 2040 ~ Year ~|
TIME STEP = 1 ~ Year ~|
SAVEPER = TIME STEP ~ Year ~|
"""
HEADLINES = """variable,unit,factor,en,zh,better,by
national wealth,billion yuan,1,Wealth of both,两谷财富,more,
wealth,billion yuan,1,Wealth,财富,more,valley
"""
NAMES = """name,kind,en,zh,grid,code,column,row
valleys,model,Two valleys,两谷,,,,
money,variable,Public money,公共资金,,,,
return,variable,Return,回报,,,,
levy share,variable,Share of the levy,征收份额,,,,
valley,dimension,Valley,河谷,,,,
use,dimension,Use,用途,,,,
upper,element,Upper valley,上谷,map,UP,1,1
lower,element,Lower valley,下谷,map,LO,1,2
roads,element,Roads,道路,,,,
schools,element,Schools,学校,,,,
budget,limit,Budget,预算,,,,
floor,limit,Floor of the upper valley,上谷下限,,,,
ceiling,limit,Ceiling,上限,,,,
"""
MONEY = {"sum": "money", "over": ["valley", "use"]}
UPPER = {"variable": "money", "over": ["valley", "use"], "where": {"valley": "upper"}}
PLAN: dict[str, Any] = {
    "model": "valleys.mdl",
    "horizon": [2026, 2029],
    "objective": {"maximize": "national wealth", "measure": "final"},
    "lever": [{"variable": "money", "lower": 0, "upper": 10}],
    "limit": [
        {"name": "budget", **MONEY, "at_most": 3},
        {"name": "floor", "terms": [UPPER], "at_least": 1},
        {"name": "ceiling", "terms": [UPPER], "at_most": 9},
    ],
}


def written(folder: Path, *, tables: bool = True) -> Path:
    """The model as a file, with its tables beside it or without."""
    path = folder / "valleys.mdl"
    path.write_text(MODEL, encoding="utf-8")
    if tables:
        (folder / "headlines.csv").write_text(HEADLINES, encoding="utf-8")
        (folder / "names.csv").write_text(NAMES, encoding="utf-8")
    return path


def solved(path: Path, **changes: Any) -> opt.Result:
    """The best policy of the plan, with changes in it."""
    return opt.solve(opt.Problem(sd.load(path), opt.read_plan({**PLAN, **changes}), "mine.toml"))
