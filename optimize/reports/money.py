"""Who gets what: each lever over time by what it is for, by region, and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import xarray as xr

from ..results.moments import round_times
from .blocks import Block, Chart, Folded, Paragraph, Section, Table
from .subject import Subject
from .words import column, percent

MOST_LEVERS = 6
MOST_SERIES = 20  # of one chart over time
MOST_REGIONS = 40  # rows of a heat map or a table
MOST_COLUMNS = 20
DUST = 1e-9  # of the largest: drawn as nothing


def section(subject: Subject) -> Section:
    """Who gets what."""
    said = subject.speaker
    blocks: list[Block] = []
    levers = subject.levers
    for lever in levers[:MOST_LEVERS]:
        blocks += _lever(subject, lever)
    if len(levers) > MOST_LEVERS:
        names = said.listed(said.name(name) for name in levers[MOST_LEVERS:])
        blocks.append(Paragraph(said.say("levers_left_out", names=names), "hint"))
    return Section("money", said.say("heading_money"), tuple(blocks))


def _lever(subject: Subject, lever: str) -> Iterator[Block]:
    said = subject.speaker
    if not subject.changes(lever):
        yield Paragraph(said.say("lever_unchanged", lever=said.name(lever)))
        return
    values = subject.values(lever)
    if not np.abs(values.to_numpy()).max(initial=0.0) > 0:
        yield Paragraph(said.say("lever_zero", lever=said.name(lever)))
        return
    telling, region = subject.telling(lever), subject.region(lever)
    yield from _over_time(subject, lever, telling)
    if region and region != telling:
        yield from _by_region(subject, lever, region, telling)
    elif region:
        yield from _tiles(subject, lever, _along_regions(subject, lever, region))
    yield from _tables(subject, lever, telling, region)


def _reduced(subject: Subject, lever: str, values: xr.DataArray, kept: Sequence[str]) -> xr.DataArray:
    """Values along some dimensions: sums of amounts, means of what is none."""
    others = [d for d in values.dims if d not in kept]
    found = values.sum(others) if subject.is_amount(lever) else values.mean(others)
    return found.transpose(*kept)


# --- over time --------------------------------------------------------------------------------------------------------


def _over_time(subject: Subject, lever: str, telling: str) -> Iterator[Chart]:
    """The lever over time: stacked amounts, lines of what is no amount; nothing of one period."""
    path = subject.path(lever)
    times = path["time"].to_numpy()
    if len(times) < 2:
        return
    said = subject.speaker
    values = _reduced(subject, lever, path, ("time", telling) if telling else ("time",))
    series = list(_series(subject, lever, values, telling))
    label = "chart_over_time" if telling else "chart_over_time_whole"
    title = said.say(label, lever=said.name(lever), dimension=said.inner(telling))
    is_stack = subject.is_amount(lever) and float(values.min()) >= -DUST * float(abs(values).max())
    unit = subject.unit(lever)
    specification = {"title": title, "unit": unit, "x": times.tolist(), "series": series, "xUnit": said.axis}
    yield Chart("stack" if is_stack else "lines", specification)


def _series(subject: Subject, lever: str, values: xr.DataArray, telling: str) -> Iterator[Mapping[str, object]]:
    """The elements of a dimension in their groups, or their groups where they are many; the largest and the others."""
    said = subject.speaker
    if not telling:
        yield {"name": said.name(lever), "values": values.to_numpy().tolist()}
        return
    names = [str(e) for e in values[telling].to_numpy()]
    groups = subject.result.groups.get(telling, {})
    if groups and len(names) <= MOST_SERIES:
        for group, members in groups.items():
            for member in (one for one in members if one in names):
                path = values.sel({telling: member}).to_numpy().tolist()
                yield {"name": said.name(member), "group": said.name(group), "values": path}
        return
    if groups and subject.is_amount(lever):
        for group, members in groups.items():
            chosen = values.sel({telling: [one for one in members if one in names]})
            yield {"name": said.name(group), "values": chosen.sum(telling).to_numpy().tolist()}
        return
    order = _largest(values, telling)
    for name in order[:MOST_SERIES]:
        yield {"name": said.name(name), "values": values.sel({telling: name}).to_numpy().tolist()}
    rest = order[MOST_SERIES:]
    if rest and subject.is_amount(lever):
        summed = values.sel({telling: rest}).sum(telling).to_numpy().tolist()
        yield {"name": said.say("others", count=f"{len(rest):,}"), "values": summed}


def _largest(values: xr.DataArray, dimension: str) -> list[str]:
    """The elements of a dimension, the largest first where there are many, else in their order."""
    names = [str(e) for e in values[dimension].to_numpy()]
    if len(names) <= MOST_SERIES:
        return names
    sizes = abs(values).sum([d for d in values.dims if d != dimension]).to_numpy()
    return [names[i] for i in np.argsort(-sizes, kind="stable")]


# --- by region --------------------------------------------------------------------------------------------------------


def _along_regions(subject: Subject, lever: str, region: str) -> xr.DataArray:
    values = subject.values(lever)
    return _reduced(subject, lever, values, (region,))


def _tiles(subject: Subject, lever: str, sums: xr.DataArray) -> Iterator[Chart]:
    """The lever on the grid of its places, where one is known."""
    said, region = subject.speaker, str(sums.dims[0])
    values = {str(e): float(v) for e, v in zip(sums[region].to_numpy(), sums.to_numpy(), strict=True)}
    grid = subject.tiles(tuple(values))
    if not grid:
        return
    tiles = [
        {
            "code": tile.code,
            "name": said.name(tile.name),
            "column": tile.column,
            "row": tile.row,
            "value": values.get(tile.name),
        }
        for tile in grid
    ]
    title = said.say(_whole_label(subject, lever, "chart_map"), lever=said.name(lever), dimension=said.inner(region))
    yield Chart("tiles", {"title": title, "unit": subject.values_unit(lever), "tiles": tiles})


def _whole_label(subject: Subject, lever: str, label: str) -> str:
    return label if subject.is_amount(lever) else f"{label}_mean"


def _by_region(subject: Subject, lever: str, region: str, telling: str) -> Iterator[Block]:
    """The lever by region on its grid, and by region and purpose as a heat map."""
    yield from _tiles(subject, lever, _along_regions(subject, lever, region))
    said = subject.speaker
    values = subject.values(lever)
    table = _reduced(subject, lever, values, (region, telling))
    order = (
        _largest(table, region) if table.sizes[region] > MOST_REGIONS else [str(e) for e in table[region].to_numpy()]
    )
    shown = order[:MOST_REGIONS]
    columns = list(_columns(subject, lever, table, telling))
    values_shown = [float(part.sel({region: name})) for name in shown for _, part in columns]
    specification = {
        "title": said.say(
            _whole_label(subject, lever, "chart_heat"),
            lever=said.name(lever),
            dimension=said.inner(region),
            other=said.inner(telling),
        ),
        "unit": subject.values_unit(lever),
        "rows": [{"name": said.name(name)} for name in shown],
        "columns": [{"name": name} for name, _ in columns],
        "values": values_shown,
    }
    yield Chart("heat", specification)
    if len(order) > len(shown):
        rest = order[MOST_REGIONS:]
        share = float(abs(table.sel({region: rest})).sum()) / (float(abs(table).sum()) or 1.0)
        told = {"count": f"{len(rest):,}", "shown": len(shown), "share": percent(share)}
        yield Paragraph(said.say("regions_left_out", **told), "hint")


def _columns(subject: Subject, lever: str, table: xr.DataArray, telling: str) -> Iterator[tuple[str, xr.DataArray]]:
    """The elements of a dimension as columns, or its groups where these are many, with the values below each."""
    said, names = subject.speaker, [str(e) for e in table[telling].to_numpy()]
    groups = subject.result.groups.get(telling, {})
    if groups and len(names) > MOST_COLUMNS and subject.is_amount(lever):
        for group, members in groups.items():
            yield said.name(group), table.sel({telling: [one for one in members if one in names]}).sum(telling)
        return
    for name in _largest(table, telling)[:MOST_COLUMNS]:
        yield said.name(name), table.sel({telling: name})


# --- tables -----------------------------------------------------------------------------------------------------------


def _tables(subject: Subject, lever: str, telling: str, region: str) -> Iterator[Block]:
    said = subject.speaker
    dims = list(dict.fromkeys(d for d in (telling, region) if d))
    tables = [_table(subject, lever, dimension) for dimension in dims or [""]]
    yield Folded(said.say("numbers_of", lever=said.name(lever)), tuple(tables))


def _table(subject: Subject, lever: str, dimension: str) -> Table:
    """A lever by round times, its total and shares; the elements of a dimension below their groups."""
    said, is_amount = subject.speaker, subject.is_amount(lever)
    path = subject.path(lever)
    values = _reduced(subject, lever, path, ("time", dimension) if dimension else ("time",))
    times = path["time"].to_numpy()
    places = round_times(times) if len(times) > 1 else [0]
    totals = _reduced(subject, lever, subject.values(lever), (dimension,) if dimension else ())
    lines = list(_lines(subject, lever, values, totals, dimension))
    whole = float(totals.sum())
    at_times = column([float(v) for _, line, _ in lines for v in line[places]])
    last = column([total for *_, total in lines])
    width, rows = len(places), []
    for i, (name, _, total) in enumerate(lines):
        share = (percent(total / whole),) if is_amount and whole > 0 else ("",) if is_amount else ()
        rows.append((name, *at_times[i * width : (i + 1) * width], last[i], *share))
    heads = (said.say("head_total", unit=subject.values_unit(lever)), said.say("head_share"))
    ends = heads if is_amount else (said.say("head_mean"),)
    caption = said.say(
        "table_by" if dimension else "table_whole",
        lever=said.name(lever),
        dimension=said.inner(dimension),
        unit=subject.unit(lever) or said.say("no_unit"),
    )
    headers = ("", *(said.moment(float(times[i])) for i in places), *ends)
    strong = 1 if dimension and is_amount else 0
    return Table(caption, headers, tuple(rows), len(headers) - 1, strong)


def _lines(
    subject: Subject, lever: str, values: xr.DataArray, totals: xr.DataArray, dimension: str
) -> Iterator[tuple[str, np.ndarray, float]]:
    """The rows of a table: name, path, total; groups before their elements, many elements as the largest and others."""
    said, is_amount = subject.speaker, subject.is_amount(lever)
    if not dimension:
        yield said.name(lever), values.to_numpy(), float(totals)
        return
    names = [str(e) for e in values[dimension].to_numpy()]

    def line(label: str, members: Sequence[str]) -> tuple[str, np.ndarray, float]:
        chosen = list(members)
        return (
            label,
            values.sel({dimension: chosen}).sum(dimension).to_numpy(),
            float(totals.sel({dimension: chosen}).sum()),
        )

    groups = subject.result.groups.get(dimension, {}) if is_amount else {}
    for group, members in groups.items():
        kept = [one for one in members if one in names]
        yield line(said.name(group), kept)
        yield from (line(f"  {said.name(one)}", [one]) for one in kept)
    if not groups:
        order = _largest(values, dimension) if len(names) > MOST_REGIONS else names
        yield from (line(said.name(one), [one]) for one in order[:MOST_REGIONS])
        if order[MOST_REGIONS:] and is_amount:
            yield line(said.say("others", count=f"{len(order) - MOST_REGIONS:,}"), order[MOST_REGIONS:])
    if is_amount:
        yield line(said.say("all"), names)
