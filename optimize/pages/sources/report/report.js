/** The charts of a report: drawn as wide as the page is, on paper as wide as a sheet, each in the place that waits for it. */

import * as drawing from "../drawing/drawing.js";

const PAPER = 680; // pixels between the margins of A4
const LONGEST = 920;
const NARROW = 560;

/**
 * Draws the charts of a page into the elements with `data-chart`.
 * @param {{language: string, charts: {kind: string, specification: Object}[]}} payload
 * @returns {{charts: {node: HTMLElement, update: Function}[], fit: (width?: number) => void}}
 */
export function reportPage(payload) {
  const root = document.querySelector("main");
  const places = [...document.querySelectorAll("[data-chart]")];
  const width = () => {
    const looks = getComputedStyle(root);
    return Math.min(LONGEST, Math.floor(root.clientWidth - parseFloat(looks.paddingLeft) - parseFloat(looks.paddingRight)));
  };
  let drawn = width();
  let onPaper = false;
  const kinds = places.map((place) => payload.charts[Number(place.dataset.chart)].kind);
  const charts = places.map((place) => {
    const { kind, specification } = payload.charts[Number(place.dataset.chart)];
    const chart = drawing[kind]({ ...specification, ...shapeOf(kind, drawn), language: payload.language });
    place.replaceChildren(chart.node);
    return chart;
  });
  const fit = (wanted = width()) => {
    if (wanted === drawn || wanted <= 0) return;
    drawn = wanted;
    charts.forEach((chart, i) => chart.update(shapeOf(kinds[i], drawn)));
  };
  printable((printing) => {
    onPaper = printing;
    fit(printing ? PAPER : undefined);
  });
  let waiting = 0;
  new ResizeObserver(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => onPaper || fit());
  }).observe(root);
  return { charts, fit };
}

/** How wide a chart is, and how many panels stand side by side, so that their names can be read. */
function shapeOf(kind, width) {
  const columns = width < NARROW ? { columns: 1, height: 84 } : { columns: 3, height: 110 };
  return kind === "multiples" ? { width, ...columns } : { width };
}

/** Opens what is folded while the page is printed, and draws for paper. */
function printable(fitFor) {
  const folded = [...document.querySelectorAll("details")];
  let closed = [];
  globalThis.addEventListener("beforeprint", () => {
    closed = folded.filter((one) => !one.open);
    for (const one of closed) one.open = true;
    fitFor(true);
  });
  globalThis.addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
    fitFor(false);
  });
}
