"""Whatever a result of the flagship shows has a name in Chinese, and so has what is kept of a search in English."""

from __future__ import annotations

import re
from string import Formatter

import pytest

import optimize as opt
import sd_models as sd
from optimize.headlines.headline import headlines
from optimize.headlines.names import names
from optimize.plans.kinds import RowKind
from optimize.results.groups import groups_of
from optimize.results.verdict import Standing
from optimize.results.voice import Voice
from optimize.results.words import WORDS

CHINESE = re.compile("[一-鿿]")
ALIKE = ("%", "")  # what is said alike in both languages


@pytest.mark.parametrize("regions", ["provinces", "macro"])
def test_all_that_a_result_of_the_flagship_shows_is_named(regions: str) -> None:
    """Levers, limits, bounds and ramps, dimensions and elements, groups, headlines, and units."""
    system = sd.load("common_prosperity", regions=regions)
    plan, voice = opt.load_plan("common_prosperity"), Voice("zh", names(system), time_unit="Year")
    levers = [lever.variable for lever in plan.levers]
    dims = [d for lever in levers for d in system[lever].dimensions]
    shown = [
        *levers,
        *(limit.name or "" for limit in plan.limits),
        *(kind.named(lever) for kind in RowKind for lever in levers),
        *dims,
        *(element for d in dims for element in system.dimensions[d].elements),
        *(group for d in dims for group in groups_of(system).get(d, {})),
        *(one.variable for one in headlines(system)),
        plan.objective.variable,
    ]
    assert [name for name in shown if not CHINESE.search(voice.name(name))] == []
    told = [voice.unit(system[lever].unit).of("zh") for lever in levers]
    told += [voice.people_unit(one.unit) for one in headlines(system)]
    assert [unit for unit in told if not CHINESE.search(unit) and unit not in ALIKE] == []


@pytest.mark.parametrize("standing", Standing)
def test_every_standing_has_a_word(standing: Standing) -> None:
    """In both languages; the English one is what programs read."""
    assert Voice("en").standing(standing) == str(standing)
    assert CHINESE.search(Voice("zh").standing(standing))


@pytest.mark.parametrize("key", [key for key in WORDS.texts if key.startswith(("note_", "conflict_"))])
def test_what_is_kept_in_english_is_said_in_chinese(key: str) -> None:
    """Found again by its form, names in it translated."""
    named = {name for _, name, _, _ in Formatter().parse(WORDS.texts[key]["en"]) if name}
    values = dict.fromkeys(named, "budget") | {"end": "2060", "final": "2050", "seconds": "60", "part": "1%"}
    voice = Voice("zh", names(sd.load("urbanization")))
    told = voice.told(WORDS.say(key, **values))
    assert CHINESE.search(told)
    assert "budget" not in told
