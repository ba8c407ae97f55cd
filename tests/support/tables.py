"""A small model with names that are easily taken for something else, and tables beside it."""

from __future__ import annotations

from collections.abc import Callable

from sd_models.system.model import System

MODEL = r"""{UTF-8}
region: north, south ~~|
kind: a, b ~~|
people[region] = INTEG(births[region], 10) ~ million people ~|
births[region] = .02 * people[region] ~ million people/Year ~|
all people = SUM(people[region!]) ~ million people ~|
income = 3 + Time / 10 ~ thousand yuan/(person*Year) ~|
share[region, kind] = .5 ~ Dmnl ~|
"say \"</script>\"" = 1 + Time ~ yuan ~|
人口 = 2 + Time ~ people ~|
effect((0,0),(1,1)) ~ Dmnl ~|
INITIAL TIME = 0 ~ Year ~|
FINAL TIME = 4 ~ Year ~|
TIME STEP = 1 ~ Year ~|
SAVEPER = TIME STEP ~ Year ~|
"""

Tables = Callable[..., System]
"""Writes texts as tables, by their names, beside the model, and loads it."""
