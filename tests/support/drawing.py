"""One chart on a page: drawn, changed, read back from its table, its picture and its voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from optimize.pages.bundling import BUNDLE

# What a chart tells its callers is kept in `told`.
DRAW = """([kind, specification]) => {
  window.told = [];
  const tell = (what) => (value) => window.told.push([what, value]);
  const hooks = { onCursor: tell("cursor"), onPick: tell("pick") };
  window.chart = prosperity[kind]({ width: 600, ...specification, ...hooks });
  document.body.replaceChildren(window.chart.node);
}"""
TABLE = """() => {
  const figure = document.querySelector("figure");
  figure.dispatchEvent(new FocusEvent("focusin"));
  return [...figure.querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
}"""
SHOWN = """(selector) => [...document.querySelectorAll(selector)]
  .filter((node) => node.getAttribute("display") !== "none")
  .map((node) => {
    const attributes = Object.fromEntries([...node.attributes].map(({ name, value }) => [name, value]));
    return { ...attributes, text: node.textContent };
  })"""


@dataclass(frozen=True)
class Drawn:
    """A chart that is on a page."""

    page: Page

    def update(self, **changes: object) -> None:
        """Hand it changes."""
        self.page.evaluate("(changes) => chart.update(changes)", changes)

    def table(self) -> list[list[str]]:
        """The rows of its hidden table, with the head, as they are when somebody comes to it."""
        rows: list[list[str]] = self.page.evaluate(TABLE)
        return rows

    def shown(self, selector: str) -> list[dict[str, str]]:
        """Attributes and text of the elements in its picture that are not hidden."""
        found: list[dict[str, str]] = self.page.evaluate(SHOWN, f"svg {selector}")
        return found

    def press(self, *keys: str) -> None:
        """Press keys while it has the focus."""
        for key in keys:
            self.page.locator("figure > svg").press(key)

    @property
    def said(self) -> str:
        """What its live region says."""
        return self.page.locator("[role=status]").text_content() or ""

    @property
    def told(self) -> list[Any]:
        """What it told its callers, in turn: `["cursor", 3]`."""
        found: list[Any] = self.page.evaluate("told")
        return found

    def vertical(self) -> tuple[float, float]:
        """Slope and constant from numbers to heights, as the first and the last mark of the vertical axis tell."""
        marks = [(number(one["text"]), float(one["y"])) for one in self.shown(".vertical-axis text[text-anchor=end]")]
        (low, at_low), (high, at_high) = marks[0], marks[-1]
        slope = (at_high - at_low) / (high - low)
        return slope, at_low - slope * low


def draw(page: Page, kind: str, specification: Mapping[str, Any]) -> Drawn:
    """A chart, alone on a page."""
    if page.evaluate("typeof prosperity") == "undefined":
        page.add_script_tag(content=BUNDLE.read_text(encoding="utf-8"))
    page.evaluate(DRAW, [kind, dict(specification)])
    return Drawn(page)


def number(text: str) -> float:
    """What a text of a chart says."""
    return float(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))


def points(path: str) -> list[tuple[float, float]]:
    """The corners of a path of straight lines."""
    corners = path.replace("M", "L").strip("LZ").split("L")
    return [(float(x), float(y)) for x, y in (corner.split(",") for corner in corners)]
