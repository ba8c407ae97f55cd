"""A model and a plan of the flagship's kind in any size: money for measures in regions, under limits of all kinds.

Spending passes a delay into a programme stock that wears out; its effect saturates; effects raise productivity, lower
emissions, clean the air and share out incomes. The budget grows with the output that it feeds, spending beyond a
region's revenue becomes debt. The numbers mean nothing; they are drawn once with a fixed seed.
"""

from __future__ import annotations

import random
from pathlib import Path
from string import Template
from typing import Any

_MODEL = Template("""{UTF-8}
region : (region1-region$regions) ~~|
measure : (measure1-measure$measures) ~~|

public investment[region, measure] = 0 ~ money/year [0,?] ~|
arriving[region, measure] = DELAY3(public investment[region, measure], 2) ~ money/year ~|
programme[region, measure] = INTEG(arriving[region, measure] - programme[region, measure] / lifetime, 0) ~ money ~|
effect[region, measure] = 1 - EXP(-LN(2) * programme[region, measure] / population[region] / half spending[measure])
	~ Dmnl ~|
gain[region] = SUM(growth effect[measure!] * effect[region, measure!]) ~ 1/year ~|
cleaning[region] = SUM(clean effect[measure!] * effect[region, measure!]) ~ Dmnl ~|
sharing[region] = 0.5 + 0.4 * (1 - EXP(-SUM(share effect[measure!] * effect[region, measure!]))) ~ Dmnl ~|

technology[region] = INTEG(technology[region] * (0.012 + gain[region]), first technology[region]) ~ Dmnl ~|
capital[region] = INTEG(0.3 * net output[region] - 0.055 * capital[region], 2.5 * population[region]) ~ money ~|
output[region] = technology[region] * capital[region] ^ 0.4 * population[region] ^ 0.6 ~ money/year ~|
spent[region] = SUM(public investment[region, measure!]) ~ money/year ~|
net output[region] = output[region] - spent[region] ~ money/year ~|
population[region] = first population[region] * EXP(-0.003 * Time) ~ person ~|
national output = SUM(output[region!]) ~ money/year ~|
public investment budget = 0.05 * national output ~ money/year ~|
emission[region] = output[region] * emission intensity[region] * EXP(-0.035 * Time) * (1 - 0.5 * cleaning[region])
	~ ton/year ~|
national emission = SUM(emission[region!]) ~ ton/year ~|
air[region] = INTEG((20 + 20 * emission[region] / first emission[region] * (1 - 0.4 * cleaning[region]) - air[region])
	/ 3, 40) ~ Dmnl ~|
first emission[region] = INITIAL(emission[region]) ~ ton/year ~|
national air = SUM(air[region!] * population[region!]) / SUM(population[region!]) ~ Dmnl ~|
debt[region] = INTEG(spent[region] + 0.03 * debt[region] - 0.045 * output[region], 0) ~ money ~|
debt cap[region] = 0.5 * output[region] ~ money ~|
population share[region] = first population[region] / SUM(first population[region!]) ~ Dmnl ~|
welfare[region] = 0.5 * LN(net output[region] / population[region] * 2)
	+ 0.5 * LN(sharing[region] * (60 - air[region]) / 40) ~ Dmnl ~|
welfare rate = SUM(welfare[region!] * population[region!]) / SUM(population[region!]) ~ Dmnl ~|

lifetime = 12 ~ year ~|
$constants
INITIAL TIME = 0 ~ year ~|
FINAL TIME = 25 ~ year ~|
TIME STEP = 0.25 ~ year ~|
SAVEPER = 1 ~ year ~|
\\\\\\---/// Sketch information - do not modify anything except names
""")


def write_model(folder: Path, regions: int, measures: int) -> Path:
    """The model file, written into the folder; two regions and two measures at least."""
    source = random.Random(4)
    path = folder / f"allocation_{regions}_{measures}.mdl"
    people = [source.uniform(1.0, 30.0) for _ in range(regions)]
    constants = {
        "first population[region]": people,
        "first technology[region]": [source.uniform(0.7, 1.3) for _ in range(regions)],
        "emission intensity[region]": [source.uniform(0.5, 2.0) for _ in range(regions)],
        "half spending[measure]": [source.uniform(0.02, 0.2) * 16 / measures for _ in range(measures)],
        "growth effect[measure]": [source.uniform(0.0, 0.003) * 16 / measures for _ in range(measures)],
        "clean effect[measure]": [source.uniform(0.0, 0.1) * 16 / measures for _ in range(measures)],
        "share effect[measure]": [source.uniform(0.0, 0.3) * 16 / measures for _ in range(measures)],
    }
    lines = [
        f"{name} = {', '.join(f'{value:.6g}' for value in values)} ~ Dmnl ~|" for name, values in constants.items()
    ]
    text = _MODEL.substitute(regions=regions, measures=measures, constants="\n".join(lines))
    path.write_text(text, encoding="utf-8")
    return path


def plan(model: Path, years: int = 25) -> dict[str, Any]:
    """A plan with all kinds of limits: budget, pillars, floors of regions, emissions, air, debt, ramps."""
    return {
        "model": str(model),
        "horizon": [0, years - 1],
        "objective": {"maximize": "welfare rate", "discount": 0.04, "final_weight": 5.0},
        "lever": [
            {
                "variable": "public investment",
                "lower": 0.0,
                "upper": 5.0,
                "ramp": {"relative": 0.25, "absolute": 0.02},
            }
        ],
        "limit": [
            {
                "name": "annual budget",
                "sum": "public investment",
                "over": ["region", "measure"],
                "at_most": "public investment budget",
            },
            {
                "name": "half of the measures",
                "terms": [
                    {"variable": "public investment", "over": ["region", "measure"], "where": {"measure": "measure1"}},
                    {"variable": "public investment budget", "factor": -0.1},
                ],
                "at_least": 0.0,
                "when": {"from": 5},
            },
            {
                "name": "floor of each region",
                "terms": [
                    {"variable": "public investment", "over": ["measure"]},
                    {"variable": "public investment budget", "factor": -0.5, "by": "population share"},
                ],
                "at_least": 0.0,
                "when": {"from": 5},
            },
            {
                "name": "emission peak",
                "variable": "national emission",
                "at_most": {"variable": "national emission", "at": 5},
                "when": {"from": 6},
            },
            {"name": "air", "variable": "national air", "at_most": 37.0, "when": {"from": 15}},
            {
                "name": "debt",
                "variable": "debt",
                "at_most": "debt cap",
                "when": "final",
            },
        ],
    }
