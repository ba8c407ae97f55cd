/** Flows from one list to another: ribbons as wide as what flows. */

import { sankey as sankeyLayout, sankeyJustify, sankeyLinkHorizontal } from "d3-sankey";

import { asCells, chart } from "./chart.js";
import { INK, MUTED, shades } from "./colours.js";
import { extent, known, quantity } from "./numbers.js";
import { element, pool, round, set, write } from "./svg.js";
import { fitted } from "./text.js";
import { isolated, speaker } from "./words.js";

const GAP = 16; // between nodes: a line of text
const TOP = 20;
const WIDE = 12;

/**
 * @param {import("./chart.js").Specification & {nodes: {name: string, group?: string}[],
 *   links: {source: number, target: number, value: number}[], picked?: ?number,
 *   onPick?: (link: ?number) => void}} specification source and target are indices of nodes, `picked` one of links
 * @returns {import("./chart.js").Chart}
 */
export const sankey = chart("sankey", (frame) => {
  const ribbons = pool(element("g", { fill: "none" }, frame.svg), "path");
  const outline = element("path", { fill: "none", stroke: INK, "stroke-opacity": 0.85 }, frame.svg);
  const bars = pool(element("g", {}, frame.svg), "rect");
  const names = pool(element("g", { "aria-hidden": "true" }, frame.svg), "text", { dy: ".34em" });
  const unit = element("text", { "font-size": 11, fill: MUTED, "aria-hidden": "true" }, frame.svg);
  const readout = element("text", { "font-weight": 600, "aria-hidden": "true" }, frame.svg);
  return (specification) => {
    const { nodes, links, width, picked = null, hovered = null } = specification;
    const say = speaker(specification);
    const drawnLinks = links.map((link, index) => ({ ...link, index: undefined, at: index })).filter(({ value }) => known(value) && value > 0);
    const refused = links.filter(({ value }) => known(value) && value < 0).length;
    const graph = layout(nodes, drawnLinks, specification);
    const most = extent([graph.nodes.map(({ value }) => value)]);
    const told = quantity(most[0] <= most[1] ? [0, most[1]] : [0, 1], specification, say("no_data"));
    frame.size(width, graph.height);
    write(set(unit, { x: 0, y: 11 }), told.unit);
    const looks = shades(nodes.map((node) => node.group ?? node.name));
    const [paths, rects, texts] = [ribbons(graph.links.length), bars(graph.nodes.length), names(graph.nodes.length)];
    const ribbon = sankeyLinkHorizontal();
    graph.links.forEach((link, i) => set(paths[i], { d: ribbon(link), stroke: looks[link.source.index].text, "stroke-opacity": 0.28, "stroke-width": round(Math.max(0.5, link.width)) }));
    graph.nodes.forEach((node, i) => {
      set(rects[i], { x: round(node.x0), y: round(node.y0), width: WIDE, height: round(Math.max(0.5, node.y1 - node.y0)), fill: looks[i].text });
      const atRight = node.x0 > width / 2;
      const [x, y] = [round(atRight ? node.x0 - 5 : node.x1 + 5), round((node.y0 + node.y1) / 2)];
      const label = `${isolated(nodes[i].name)} ${told.text(node.value)}`;
      write(set(texts[i], { x, y, "text-anchor": atRight ? "end" : "start" }), fitted(label, graph.room));
    });
    const tell = (at) => `${isolated(nodes[links[at].source].name)} → ${isolated(nodes[links[at].target].name)}: ${told.text(links[at].value)} ${told.unit}`.trim();
    const shown = hovered ?? picked;
    const ring = graph.links.find((link) => link.at === shown);
    set(outline, { display: ring ? null : "none", d: ring ? ribbon(ring) : "", "stroke-width": ring ? round(Math.max(2, ring.width)) : 0 });
    write(set(readout, { x: 0, y: graph.height - 6 }), shown !== null && links[shown] ? fitted(tell(shown), width, { bold: true }) : refused ? say("left_out", { count: refused }) : graph.links.length ? "" : say("no_data"));
    asCells(frame, { ...specification, unit: told.unit }, say("keys_rows"));
    linkKeys(frame, { count: links.length, picked, hovered, onPick: specification.onPick, tell, paths, graph });
    frame.table.show(() => ({
      caption: told.unit ? `${specification.title} (${told.unit})` : `${specification.title}`,
      head: [say("from"), say("to"), say("value")],
      rows: links.map(({ source, target, value }) => [isolated(nodes[source].name), isolated(nodes[target].name), told.text(value)]),
    }));
  };
});

/** Nodes and links with their places; without any flow, nodes in one row of equal height. */
function layout(nodes, links, { width, height: given }) {
  const targets = new Set(links.map(({ target }) => target));
  const sources = new Set(links.map(({ source }) => source));
  const most = Math.max(1, nodes.length - sources.size, nodes.length - targets.size);
  const height = Math.max(given ?? Math.round(Math.min(420, width * 0.6)), most * (GAP + 3) + TOP + 24);
  const made = sankeyLayout()
    .nodeWidth(WIDE)
    .nodePadding(GAP)
    .nodeAlign(sankeyJustify)
    .nodeSort(null)
    .extent([[0, TOP + 8], [width, height - 28]]);
  const room = width * 0.44;
  if (!links.length) return { nodes: [], links: [], height: 80, room };
  return { ...made({ nodes: nodes.map((node) => ({ ...node })), links: links.map((link) => ({ ...link })) }), height, room };
}

/** Lets keys and the pointer pick a flow. */
function linkKeys(frame, { count, picked, hovered, onPick, tell, paths, graph }) {
  const go = (at) => {
    frame.change({ picked: at, hovered: null });
    frame.say(tell(at));
    onPick?.(at);
  };
  const walk = (step) => () => count && go(picked === null ? 0 : (picked + step + count) % count);
  frame.keys = {
    ArrowUp: walk(-1),
    ArrowLeft: walk(-1),
    ArrowDown: walk(1),
    ArrowRight: walk(1),
    Escape: () => {
      frame.change({ picked: null, hovered: null });
      onPick?.(null);
    },
  };
  const find = (x, y) => {
    const near = graph.links.filter((link) => x > link.source.x1 && x < link.target.x0);
    const away = (link) => {
      const share = (x - link.source.x1) / (link.target.x0 - link.source.x1);
      const eased = share * share * (3 - 2 * share);
      return Math.abs(link.y0 + eased * (link.y1 - link.y0) - y) - link.width / 2;
    };
    const best = near.reduce((least, link) => (least === null || away(link) < away(least) ? link : least), null);
    return best && away(best) < 3 ? best.at : null;
  };
  frame.pointer = {
    move: (x, y) => {
      const at = find(x, y);
      if (at !== hovered) frame.change({ hovered: at });
    },
    leave: () => frame.change({ hovered: null }),
    click: (x, y) => {
      const at = find(x, y);
      if (at !== null) go(at);
    },
  };
}
