"""A subscripted Vensim model for any number of regions: nine stocks and about forty variables a region.

Population cohorts, capital, infrastructure, knowledge, public debt, pollution and forest, with two tables, a SMOOTH, a
DELAY3, MIN, MAX and IF THEN ELSE. Regions meet in national sums and pools only, so that the cost of a step is linear in
their number. The numbers mean nothing; they are drawn once with a fixed seed and keep a run smooth and bounded.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path
from string import Template

TIME_STEP = 0.25
LEVER = "infrastructure effort"
OUTCOME = "national welfare"
STOCKS = 9  # a region, without those inside of SMOOTH and DELAY3

# Constants that differ by region, with the range they are drawn from.
REGIONAL_CONSTANTS = {
    "initial children": (1.0, 5.0),
    "initial adults": (4.0, 20.0),
    "initial elders": (0.5, 3.0),
    "initial capital": (20.0, 100.0),
    "productivity": (0.8, 1.2),
    "emission intensity": (0.05, 0.15),
    "area": (10.0, 50.0),
}

_MODEL = Template("""{UTF-8}
region : (region1-region$regions) ~~|

children[region] = INTEG(births[region] - maturing[region], initial children[region]) ~ person ~|
adults[region] = INTEG(maturing[region] - aging[region] + arrivals[region] - leaving[region],
	initial adults[region]) ~ person ~|
elders[region] = INTEG(aging[region] - deaths[region], initial elders[region]) ~ person ~|
births[region] = adults[region] * fertility * fertility effect(income[region]) ~ person/year ~|
fertility effect((0,1.4),(2,1.2),(4,1),(8,0.8),(16,0.7)) ~ Dmnl ~|
maturing[region] = children[region] / childhood ~ person/year ~|
aging[region] = adults[region] / working life ~ person/year ~|
deaths[region] = elders[region] / retirement ~ person/year ~|
population[region] = children[region] + adults[region] + elders[region] ~ person ~|

leaving[region] = mobility * adults[region] * MIN(1, 1 / relative income[region]) ~ person/year ~|
national pool = SUM(leaving[region!]) ~ person/year ~|
attraction[region] = adults[region] * relative income[region] ^ elasticity of destination ~ person ~|
arrivals[region] = national pool * attraction[region] / SUM(attraction[region!]) ~ person/year ~|

capital[region] = INTEG(investment[region] - capital[region] * depreciation, initial capital[region]) ~ money ~|
knowledge[region] = INTEG(knowledge[region] * (learning + spillover
	* (national knowledge - knowledge[region]) / national knowledge), productivity[region]) ~ Dmnl ~|
national knowledge = SUM(knowledge[region!]) / ELMCOUNT(region) ~ Dmnl ~|
workers[region] = adults[region] + MIN(elders[region], adults[region] * 0.1) ~ person ~|
output[region] = knowledge[region] * capital[region] ^ capital share
	* workers[region] ^ (1 - capital share) * infrastructure effect[region] * damage[region] ~ money/year ~|
income[region] = output[region] / population[region] ~ money/person/year ~|
national income = SUM(output[region!]) / SUM(population[region!]) ~ money/person/year ~|
expected income[region] = SMOOTH(income[region], expectation time) ~ money/person/year ~|
relative income[region] = expected income[region] / national income ~ Dmnl ~|
investment[region] = investment rate[region] * output[region] ~ money/year ~|
investment rate[region] = IF THEN ELSE(debt[region] > debt ceiling * output[region], 0.2, 0.25) ~ Dmnl ~|

infrastructure[region] = INTEG(completion[region] - infrastructure[region] * depreciation,
	0.3 * initial capital[region]) ~ money ~|
infrastructure effort[region] = 0.04 ~ Dmnl ~|
orders[region] = infrastructure effort[region] * output[region] ~ money/year ~|
completion[region] = DELAY3(orders[region], construction time) ~ money/year ~|
infrastructure effect[region] = (infrastructure[region] / (0.3 * initial capital[region])) ^ 0.1 ~ Dmnl ~|
debt[region] = INTEG(orders[region] + interest * debt[region] - repayment[region], 0) ~ money ~|
repayment[region] = MAX(0, debt[region]) * repayment rate + 0.03 * output[region] ~ money/year ~|

pollution[region] = INTEG(emission[region] - absorption[region], 1) ~ ton ~|
emission[region] = emission intensity[region] * output[region] ~ ton/year ~|
absorption[region] = pollution[region] / absorption time * (0.5 + forest[region] / area[region]) ~ ton/year ~|
damage[region] = damage table(pollution[region] / area[region]) ~ Dmnl ~|
damage table((0,1),(0.1,0.99),(0.5,0.95),(1,0.9),(3,0.8)) ~ Dmnl ~|
forest[region] = INTEG(planting[region] - clearing[region], 0.3 * area[region]) ~ area ~|
planting[region] = planting rate * (area[region] - forest[region]) ~ area/year ~|
clearing[region] = clearing rate * forest[region] * MIN(2, population[region] / area[region]) ~ area/year ~|

welfare[region] = LN(income[region]) - 0.1 * pollution[region] / area[region] ~ Dmnl ~|
national welfare = SUM(welfare[region!] * population[region!]) / SUM(population[region!]) ~ Dmnl ~|

fertility = 0.04 ~ 1/year ~|
childhood = 16 ~ year ~|
working life = 45 ~ year ~|
retirement = 18 ~ year ~|
mobility = 0.02 ~ 1/year ~|
elasticity of destination = 1.5 ~ Dmnl ~|
depreciation = 0.055 ~ 1/year ~|
learning = 0.012 ~ 1/year ~|
spillover = 0.05 ~ 1/year ~|
capital share = 0.4 ~ Dmnl ~|
expectation time = 3 ~ year ~|
construction time = 4 ~ year ~|
debt ceiling = 0.08 ~ year ~|
interest = 0.03 ~ 1/year ~|
repayment rate = 0.1 ~ 1/year ~|
absorption time = 8 ~ year ~|
planting rate = 0.01 ~ 1/year ~|
clearing rate = 0.02 ~ 1/year ~|
$constants
INITIAL TIME = 0 ~ year ~|
FINAL TIME = $final_time ~ year ~|
TIME STEP = $time_step ~ year ~|
SAVEPER = TIME STEP ~ year ~|
\\\\\\---/// Sketch information - do not modify anything except names
""")


def write_model(folder: Path, regions: int, *, steps: int = 100, inline: bool = False) -> Path:
    """The model file, written into the folder with its constants beside it in `regions.csv`; two regions at least.

    `inline` writes the constants into the model file, for engines that read no other file.
    """
    columns = _draw(regions)
    if inline:
        constants = "".join(_listed(name, column) for name, column in columns.items())
    else:
        constants = "".join(_referred(name, position) for position, name in enumerate(columns))
        _write_table(folder / "regions.csv", columns)
    text = _MODEL.substitute(
        regions=regions, constants=constants, time_step=TIME_STEP, final_time=f"{steps * TIME_STEP:g}"
    )
    path = folder / ("inline.mdl" if inline else "model.mdl")
    path.write_text(text, "utf-8")
    return path


def _draw(regions: int) -> dict[str, list[float]]:
    """A value of each regional constant for each region; the same at every call."""
    source = random.Random(20)  # noqa: S311 - numbers, no secrets
    ranges = REGIONAL_CONSTANTS.items()
    return {name: [round(source.uniform(low, high), 3) for _ in range(regions)] for name, (low, high) in ranges}


def _listed(name: str, column: list[float]) -> str:
    return f"{name}[region] = " + ",\n\t".join(map(str, column)) + " ~~|\n"


def _referred(name: str, position: int) -> str:
    return f"{name}[region] = GET DIRECT CONSTANTS('regions.csv', ',', '{'BCDEFGH'[position]}2*') ~~|\n"


def _write_table(path: Path, columns: dict[str, list[float]]) -> None:
    """A row for each region, a column for each constant."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["region", *columns])
        rows = zip(*columns.values(), strict=True)
        writer.writerows([f"region{number}", *row] for number, row in enumerate(rows, start=1))
