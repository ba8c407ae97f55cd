"""Every chart with numbers as people meet them, and the page that shows them all.

python -m support.gallery FOLDER    # from tests/: writes gallery-en.html and gallery-zh.html
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optimize.pages.bundling import BUNDLE

MODEL = Path(__file__).parents[2] / "sd_models" / "common_prosperity"
YEARS = [float(year) for year in range(2026, 2051)]
HOSTILE = "</script><b>\"'&amp; 山东 \u0645\u0631\u062d\u0628\u0627"  # a name that would be more than text, if it could
Chart = tuple[str, dict[str, Any]]  # the function of the drawing module, its specification


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


NAMES = read(MODEL / "names.csv")
MEASURES = read(MODEL / "provinces" / "measures.csv")
PROVINCES = read(MODEL / "provinces" / "initial.csv")


def named(name: str, language: str) -> str:
    """What people call it."""
    return next((row[language] for row in NAMES if row["name"] == name), name)


def wave(seed: int) -> float:
    """A number between 0 and 1 for each whole one, the same on every machine."""
    return (math.sin(12.9898 * (seed + 1)) * 43758.5453) % 1.0


def path(first: float, last: float, seed: int = 0) -> list[float]:
    """A number for each year, from one to another, faster at first."""
    shares = [1 - math.exp(-2.5 * at / 24) for at in range(25)]
    return [
        first + (last - first) * share / shares[-1] + 0.01 * last * wave(seed + at) for at, share in enumerate(shares)
    ]


def charts(language: str = "en") -> dict[str, Chart]:
    """Charts of a result by name."""
    zh = language == "zh"

    def say(english: str, chinese: str) -> str:
        return chinese if zh else english

    four = [
        {"name": say("My policy", "我的方案"), "role": "mine", "values": path(0.412, 0.583, 1)},
        {"name": say("Optimum", "最优方案"), "role": "optimum", "values": path(0.412, 0.611, 2)},
        {"name": say("Even split", "平均分配"), "role": "even", "values": path(0.412, 0.571, 3)},
        {"name": say("Baseline", "基准情景"), "role": "baseline", "values": path(0.412, 0.494, 4)},
    ]
    provinces = [named(row["province"], language) for row in PROVINCES]
    measures = [named(row["measure"], language) for row in MEASURES]
    pillars = [named(row["pillar"], language) for row in MEASURES]
    incomes = [float(row["rural income"]) for row in PROVINCES]
    money = say("trillion yuan a year", "万亿元/年")
    ends = [*(f"{year:.0f}" for year in YEARS[:-1]), say("end of 2050", "2050年末")]
    spent = [path(0.1 + 0.3 * wave(i), 0.05 + 0.45 * wave(i + 7), i) for i in range(16)]
    return {
        "four lines": (
            "lines",
            {
                "title": say("Index of common prosperity, China", "共同富裕指数，全国"),
                "unit": say("index points", "指数"),
                "x": YEARS,
                "series": four,
                "cursor": 9,
            },
        ),
        "end of the last year": (
            "lines",
            {
                "title": say("Index of common prosperity, China", "共同富裕指数，全国"),
                "unit": say("index points", "指数"),
                "x": YEARS,
                "pointNames": ends,
                "series": four,
                "cursor": len(YEARS) - 1,
                "height": 170,
            },
        ),
        "years": (
            "heat",
            {
                "title": say("Change by the policy", "政策带来的变化"),
                "unit": "%",
                "rows": [{"name": name} for name in provinces],
                "columns": [{"name": name} for name in (*(f"{year:.0f}" for year in YEARS), ends[-1])],
                "values": [wave(i) - 0.5 for i in range(31 * 26)],
                "diverging": True,
            },
        ),
        "all provinces": (
            "lines",
            {
                "title": say("Rural income a head", "农村居民人均收入"),
                "unit": say("thousand yuan", "千元"),
                "x": YEARS,
                "series": [
                    {"name": name, "role": "other", "values": path(income * 2, income * 4.5, i)}
                    for i, (name, income) in enumerate(zip(provinces, incomes, strict=True))
                ],
                "height": 380,
            },
        ),
        "five others": (
            "lines",
            {
                "title": say("Gain over the baseline", "相对基准情景的变化"),
                "unit": say("index points", "指数"),
                "x": YEARS,
                "series": [
                    {"name": provinces[i], "role": "other", "values": path(0, last, i)}
                    for i, last in enumerate((0.04, -0.021, 0.013, 0.0, -0.035))
                ],
            },
        ),
        "panels": (
            "multiples",
            {
                "title": say("Index of common prosperity by province", "各省共同富裕指数"),
                "unit": say("index points", "指数"),
                "x": YEARS,
                "columns": 7,
                "cursor": 4,
                "panels": [
                    {
                        "name": name,
                        "series": [
                            {**one, "values": [value * (0.7 + 0.5 * wave(i)) for value in one["values"]]}
                            for one in four
                        ],
                    }
                    for i, name in enumerate(provinces)
                ],
            },
        ),
        "own scales": (
            "multiples",
            {
                "title": say("Headline outcomes", "主要结果"),
                "unit": "",
                "x": YEARS,
                "columns": 4,
                "shared": False,
                "panels": [
                    {
                        "name": name,
                        "series": [{**one, "values": [value * size for value in one["values"]]} for one in four],
                    }
                    for name, size in (
                        ("CO2", 20000.0),
                        ("PM2.5", 60.0),
                        (say("Public debt", "政府债务"), -3.0),
                        (say("Schooling", "受教育年限"), 25.0),
                    )
                ],
            },
        ),
        "money": (
            "stack",
            {
                "title": say("Public investment by measure", "分措施公共投资"),
                "unit": money,
                "x": YEARS,
                "series": [
                    {"name": name, "group": pillar, "values": values}
                    for name, pillar, values in zip(measures, pillars, spent, strict=True)
                ],
                "cursor": 12,
            },
        ),
        "who gets what": (
            "heat",
            {
                "title": say("Public investment a head, 2026-2050", "人均公共投资，2026-2050年"),
                "unit": say("thousand yuan", "千元"),
                "rows": [{"name": name} for name in provinces],
                "columns": [{"name": name} for name in measures],
                "values": [12.0 * wave(i) ** 2 for i in range(31 * 16)],
                "picked": {"row": 15, "column": 3},
            },
        ),
        "who gains": (
            "heat",
            {
                "title": say("Change of the index against the even split", "相对平均分配的指数变化"),
                "unit": say("index points", "指数"),
                "rows": [{"name": name, "group": pillar} for name, pillar in zip(measures, pillars, strict=True)],
                "columns": [{"name": f"{year:.0f}"} for year in YEARS[::4]],
                "values": [None if i == 17 else 0.08 * (wave(i + 3) - 0.45) for i in range(16 * 7)],
                "diverging": True,
            },
        ),
        "map": (
            "tiles",
            {
                "title": say("Index in 2050", "2050年指数"),
                "unit": say("index points", "指数"),
                "tiles": tiles(language, 0.5, 0.3),
                "picked": 15,
            },
        ),
        "map of changes": (
            "tiles",
            {
                "title": say("Change of income in 2030", "2030年收入变化"),
                "unit": "%",
                "tiles": tiles(language, -3.0, 8.0),
                "diverging": True,
            },
        ),
        "flows": (
            "sankey",
            {
                "title": say("From pillars to measures, 2026-2050", "从支柱到措施，2026-2050年"),
                "unit": say("trillion yuan", "万亿元"),
                "nodes": [
                    *({"name": name, "group": name} for name in dict.fromkeys(pillars)),
                    *({"name": name, "group": pillar} for name, pillar in zip(measures, pillars, strict=True)),
                ],
                "links": [
                    {"source": list(dict.fromkeys(pillars)).index(pillars[i]), "target": 4 + i, "value": sum(values)}
                    for i, values in enumerate(spent)
                ],
            },
        ),
        "where a gain comes from": (
            "waterfall",
            {
                "title": say("From the baseline to the optimum, 2050", "从基准到最优，2050年"),
                "unit": say("index points", "指数"),
                "start": {"name": say("Baseline", "基准情景"), "value": 0.494},
                "steps": [
                    {"name": name, "group": pillar, "value": 0.03 * (wave(i + 5) - 0.2)}
                    for i, (name, pillar) in enumerate(zip(measures, pillars, strict=True))
                ],
                "end": {
                    "name": say("Optimum", "最优方案"),
                    "value": 0.494 + sum(0.03 * (wave(i + 5) - 0.2) for i in range(16)) + 0.011,
                },
            },
        ),
        "bounds": ("limits", {"title": say("Limits of the plan", "规划约束"), "limits": limits(language)}),
    }


def tiles(language: str, low: float, span: float) -> list[dict[str, Any]]:
    """The grid of provinces, those without numbers too."""
    cells = [row for row in NAMES if row["grid"] == "provinces"]
    return [
        {
            "code": row["code"],
            "name": row[language],
            "column": int(row["column"]),
            "row": int(row["row"]),
            "value": low + span * wave(i) if any(row["name"] == known["province"] for known in PROVINCES) else None,
        }
        for i, row in enumerate(cells)
    ]


def limits(language: str) -> list[dict[str, Any]]:
    """Limits of every kind and state."""
    rows: Sequence[tuple[str, str, float, float, str, str, float, str]] = (
        ("Annual budget, 2031", "年度预算，2031年", 4.81, 4.81, "at_most", "trillion yuan", 0.0, "reached"),
        ("Floor of rural integration", "城乡融合下限", 1.24, 0.96, "at_least", "trillion yuan", 0.28, "holds"),
        ("Local public debt, Guizhou", "贵州地方债务", 1.352, 1.2, "at_most", "trillion yuan", -0.152, "broken"),
        ("Particles by 2035, Hebei", "河北2035年PM2.5", 22.4, 25.0, "at_most", "µg/m³", 2.6, "holds"),
        ("Carbon peak by 2030", "2030年碳达峰", 0.0, 0.0, "equals", "Mt CO2", 0.0, "reached"),
        (
            "Spending of all western provinces together, at least a third of the whole",
            "西部省份合计支出不低于三分之一",
            44.0,
            30.0,
            "at_least",
            "%",
            14.0,
            "holds",
        ),
    )
    return [
        {
            "name": chinese if language == "zh" else english,
            "value": value,
            "bound": bound,
            "kind": kind,
            "unit": unit,
            "distance": distance,
            "state": state,
        }
        for english, chinese, value, bound, kind, unit, distance, state in rows
    ]


def edges() -> dict[str, Chart]:
    """Charts of what models of others bring: long names, gaps, zeros, one point, huge and tiny numbers."""
    gap = [None if 8 <= at <= 11 or at > 20 else math.sin(at / 4) for at in range(25)]
    long = 'A name that somebody wrote who wanted to say everything at once, with (brackets) and "quotes"'
    hostile = HOSTILE
    return {
        "gaps and long names": (
            "lines",
            {
                "title": long,
                "unit": "1/Year",
                "x": YEARS,
                "series": [
                    {"name": long, "role": "mine", "values": gap},
                    {"name": hostile, "role": "baseline", "values": [None] * 25},
                    {"name": "one", "role": "other", "values": [None] * 7 + [0.5] + [None] * 17},
                ],
            },
        ),
        "all zero": (
            "lines",
            {
                "title": "All zero",
                "unit": "person",
                "x": YEARS,
                "series": [{"name": "zero", "role": "mine", "values": [0.0] * 25}],
            },
        ),
        "constant": (
            "lines",
            {
                "title": "Constant",
                "unit": "person",
                "x": YEARS,
                "series": [{"name": "five", "role": "mine", "values": [5.0] * 25}],
            },
        ),
        "one point": (
            "lines",
            {
                "title": "One point",
                "unit": "person",
                "x": [2026.0],
                "series": [{"name": "one", "role": "mine", "values": [5.0]}],
            },
        ),
        "huge": (
            "lines",
            {
                "title": "Huge",
                "unit": "yuan",
                "x": [0.0, 0.125, 0.25],
                "series": [{"name": "a", "role": "mine", "values": [1.2e9, 4.5e9, -3e9]}],
                "xUnit": "month",
            },
        ),
        "tiny": (
            "lines",
            {
                "title": "Tiny",
                "unit": "1",
                "x": [0.0, 10.0, 20.0],
                "series": [{"name": "a", "role": "mine", "values": [1.2e-7, 4.5e-7, 3e-7]}],
            },
        ),
        "no numbers": (
            "lines",
            {
                "title": "No numbers",
                "unit": "1",
                "x": YEARS,
                "series": [{"name": "a", "role": "mine", "values": [None] * 25}],
            },
        ),
        "equal ends": (
            "lines",
            {
                "title": "Equal ends",
                "unit": "1",
                "x": YEARS,
                "series": [
                    {"name": f"line {i}", "role": "other", "values": [1.0 + 0.1 * i * (24 - at) for at in range(25)]}
                    for i in range(6)
                ],
            },
        ),
        "below zero": (
            "stack",
            {
                "title": "Below zero",
                "unit": "yuan",
                "x": YEARS,
                "series": [
                    {"name": long, "group": "a", "values": gap},
                    {"name": hostile, "group": "b", "values": [1.0] * 25},
                ],
            },
        ),
        "stack of zeros": (
            "stack",
            {
                "title": "Zeros",
                "unit": "yuan",
                "x": YEARS,
                "series": [{"name": "a", "values": [0.0] * 25}, {"name": "b", "values": [0.0] * 25}],
            },
        ),
        "heat without numbers": (
            "heat",
            {
                "title": "No numbers",
                "unit": "1",
                "rows": [{"name": long}, {"name": hostile}],
                "columns": [{"name": long}, {"name": hostile}],
                "values": [None] * 4,
            },
        ),
        "heat of zeros": (
            "heat",
            {
                "title": "Zeros",
                "unit": "1",
                "rows": [{"name": "a"}],
                "columns": [{"name": "b"}],
                "values": [0.0],
                "diverging": True,
            },
        ),
        "tiles without numbers": (
            "tiles",
            {
                "title": "No numbers",
                "unit": "1",
                "tiles": [{"code": "A", "name": hostile, "column": 0, "row": 0, "value": None}],
            },
        ),
        "flows of nothing": (
            "sankey",
            {
                "title": "Nothing",
                "unit": "yuan",
                "nodes": [{"name": "a"}, {"name": hostile}],
                "links": [{"source": 0, "target": 1, "value": 0.0}],
            },
        ),
        "flows below zero": (
            "sankey",
            {
                "title": "Below zero",
                "unit": "yuan",
                "nodes": [{"name": long}, {"name": hostile}, {"name": "c"}],
                "links": [{"source": 0, "target": 1, "value": 2.0}, {"source": 0, "target": 2, "value": -1.0}],
            },
        ),
        "steps to nowhere": (
            "waterfall",
            {
                "title": "Zeros",
                "unit": "1",
                "start": {"name": "a", "value": 0.0},
                "steps": [{"name": hostile, "value": 0.0}, {"name": long, "value": None}],
                "end": {"name": "b", "value": 0.0},
            },
        ),
        "steps below zero": (
            "waterfall",
            {
                "title": "Below zero",
                "unit": "1",
                "start": {"name": "a", "value": 2.0},
                "steps": [{"name": "down", "value": -5.0}, {"name": "up", "value": 1.0}],
                "end": {"name": "b", "value": -2.0},
            },
        ),
        "limits at zero": (
            "limits",
            {
                "title": "At zero",
                "limits": [
                    {
                        "name": hostile,
                        "value": 3.0,
                        "bound": 0.0,
                        "kind": "at_most",
                        "unit": "t",
                        "distance": -3.0,
                        "state": "broken",
                    },
                    {
                        "name": long,
                        "value": None,
                        "bound": 1.0,
                        "kind": "at_least",
                        "unit": "t",
                        "distance": None,
                        "state": "holds",
                    },
                ],
            },
        ),
    }


def document(shown: Mapping[str, Chart], language: str = "en") -> str:
    """A page of charts, as wide as the window; `charts[NAME]` is what the drawing module gave."""
    listed = json.dumps([[name, kind, specification] for name, (kind, specification) in shown.items()]).replace(
        "<", "\\u003c"
    )
    return f"""<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Gallery</title>
<meta name="viewport" content="width=device-width"><style>
body {{ margin: 24px auto; max-width: 1180px; padding: 0 12px; font: 14px system-ui, sans-serif }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 560px), 1fr)); gap: 40px 36px }}
main > * {{ min-width: 0 }}
</style></head><body><main><h1 style="grid-column: 1 / -1">Gallery</h1></main>
<script>{BUNDLE.read_text(encoding="utf-8")}</script><script>
const charts = {{}};
for (const [name, kind, specification] of {listed}) {{
  const cell = document.createElement("section");
  document.querySelector("main").append(cell);
  if (kind === "multiples") cell.style.gridColumn = "1 / -1";
  charts[name] = prosperity[kind]({{ width: cell.clientWidth, language: "{language}", ...specification }});
  cell.append(charts[name].node);
}}
</script></body></html>
"""


def main(arguments: Sequence[str]) -> None:
    """Write the pages into a folder."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for language in ("en", "zh"):
        (folder / f"gallery-{language}.html").write_text(document(charts(language), language), encoding="utf-8")
    (folder / "edges.html").write_text(document(edges()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
