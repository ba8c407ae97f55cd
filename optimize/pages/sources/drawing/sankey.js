/** Flows from one list to another: ribbons as wide as what flows, names beside them. */

import { sankey as sankeyLayout, sankeyJustify, sankeyLinkHorizontal } from "d3-sankey";

import { asCells, chart } from "./chart.js";
import { INK, MUTED, shades } from "./colours.js";
import { known, quantity } from "./numbers.js";
import { listMoves, pickable } from "./picking.js";
import { element, layer, pool, round, set, toggle, write } from "./svg.js";
import { fitted, LINE, SMALL, width as widthOf, wrapped } from "./text.js";
import { captioned } from "./timeplot.js";
import { isolated, speaker } from "./words.js";

const NODE = 13; // pixels of height of a node, on average, in the longer list
const BAR = 12;
const TOP = 24; // the unit
const FOOT = 26; // the flow that is picked
const SIDES = [0.3, 0.32]; // of the width that names may take on the left and on the right
const VALUE = 42; // pixels of a value before a name
const BESIDE = 6; // pixels between a node and its name
const NEAR = 3; // pixels beside a ribbon that still are on it

/**
 * @param {import("./chart.js").Specification & {nodes: {name: string, group?: string}[],
 *   links: {source: number, target: number, value: number}[], picked?: ?number,
 *   onPick?: (link: ?number) => void}} specification source and target are indices of nodes, `picked` one of links;
 *   values above zero are drawn, how many are below is said; flows in a circle are an error
 * @returns {import("./chart.js").Chart}
 */
export const sankey = chart("sankey", (frame) => {
  const ribbons = drawRibbons(frame.svg);
  const nodes = drawNodes(frame.svg);
  const unit = element("text", { "font-size": SMALL, fill: MUTED, x: 0, y: SMALL }, layer(frame.svg));
  const readout = element("text", { "font-weight": 600, x: 0 }, layer(frame.svg, { class: "readout" }));
  return (specification) => {
    const { links, width, picked = null, hovered = null } = specification;
    const say = speaker(specification);
    const graph = layoutOf(specification);
    const told = quantity([0, graph.most], specification, say);
    const looks = shades(specification.nodes.map(({ group, name }) => group ?? name));
    const tell = teller(specification, told);
    const shown = hovered ?? picked;
    frame.size(width, graph.height);
    write(unit, told.axis);
    ribbons(graph, looks, shown);
    nodes(specification.nodes, graph, looks, told);
    const text = links[shown] ? tell(shown) : remark(links, say);
    write(set(readout, { y: graph.height - 6 }), fitted(text, width, { bold: true }));
    asCells(frame, { ...specification, unit: told.unit }, say("keys_rows"));
    const onPick = (link) => specification.onPick?.(link);
    pickable(frame, { picked, hovered, moves: listMoves(links.length), find: finder(graph), tell, onPick });
    frame.table.show(() => tableOf(specification, told, say));
  };
});

const flows = ({ value }) => known(value) && value > 0;

/** What is said where no flow is picked: that there is none, or that some cannot be drawn. */
function remark(links, say) {
  const below = links.filter(({ value }) => known(value) && value < 0).length;
  if (below) return say("left_out", { count: below });
  return links.some(flows) ? "" : say("no_data");
}

function teller({ nodes, links }, told) {
  const name = (index) => isolated(nodes[index].name);
  return (at) => `${name(links[at].source)} → ${name(links[at].target)}: ${told.whole(links[at].value)}`;
}

/** Nodes and links with their places; without any flow there are none. */
function layoutOf({ nodes, links, width, height: given }) {
  const drawn = links.flatMap((link, at) => (flows(link) ? [{ ...link, at }] : []));
  if (!drawn.length) return { nodes: [], links: [], height: TOP + FOOT, most: 1, rooms: [0, 0] };
  const ends = (key) => new Set(drawn.map((link) => link[key]));
  const longer = Math.max(ends("source").size, ends("target").size);
  const rooms = roomsOf(nodes, drawn, width);
  const lines = ({ source, target }) =>
    Math.max(...[source, target].map((index, side) => namesOf(nodes[index].name, rooms[side]).length));
  const rows = Math.max(...drawn.map(lines));
  const height = Math.max(given ?? 0, longer * (NODE + rows * LINE) + TOP + FOOT);
  const made = sankeyLayout()
    .nodeWidth(BAR)
    .nodePadding(rows * LINE - 1)
    .nodeAlign(sankeyJustify)
    .nodeSort(null)
    .extent([
      [rooms[0], TOP],
      [width - rooms[1], height - FOOT],
    ])({ nodes: nodes.map((_, index) => ({ index })), links: drawn });
  return { ...made, height, rooms, most: Math.max(...made.nodes.map(({ value }) => value)) };
}

/** The room for names on both sides. */
function roomsOf(nodes, links, width) {
  return ["source", "target"].map((key, side) => {
    const names = [...new Set(links.map((link) => link[key]))].map((index) => nodes[index].name);
    const wanted = Math.max(...names.map((name) => widthOf(name))) + VALUE + 2 * BESIDE;
    return Math.ceil(Math.min(wanted, width * SIDES[side]));
  });
}

function drawRibbons(parent) {
  const paths = pool(layer(parent, { class: "ribbons", fill: "none" }), "path");
  const outline = element("path", { fill: "none", stroke: INK, "stroke-opacity": 0.75 }, layer(parent));
  const path = sankeyLinkHorizontal();
  return ({ links }, looks, shown) => {
    const drawn = paths(links.length);
    links.forEach((link, i) => {
      const stroke = { stroke: looks[link.source.index].text, "stroke-opacity": 0.3 };
      set(drawn[i], { d: path(link), "stroke-width": round(Math.max(1, link.width)), ...stroke });
    });
    const ring = links.find(({ at }) => at === shown);
    toggle(outline, ring);
    if (ring) set(outline, { d: path(ring), "stroke-width": round(Math.max(2, ring.width)) });
  };
}

/** A name in two lines at most, the first after the value. */
const namesOf = (name, room) => wrapped(isolated(name), room - 2 * BESIDE, 2, {}, VALUE);

function drawNodes(parent) {
  const bars = pool(layer(parent, { class: "nodes" }), "rect", { width: BAR });
  const texts = pool(layer(parent, { class: "labels" }), "text", { dy: ".34em" });
  const labels = [];
  return (named, { nodes, rooms }, looks, told) => {
    const [drawn, words] = [bars(nodes.length), texts(nodes.length)];
    while (labels.length < words.length) labels.push(nodeLabel(words[labels.length]));
    nodes.forEach((node, i) => {
      const height = round(Math.max(1, node.y1 - node.y0));
      set(drawn[i], { x: round(node.x0), y: round(node.y0), height, fill: looks[i].text });
      const first = node.sourceLinks.length > 0 && node.depth === 0;
      const side = first
        ? { x: round(node.x0 - BESIDE), anchor: "end" }
        : { x: round(node.x1 + BESIDE), anchor: "start" };
      const names = namesOf(named[i].name, rooms[first ? 0 : 1]);
      labels[i](
        { names, value: told.text(node.value), colour: looks[i].text },
        { ...side, y: (node.y0 + node.y1) / 2 },
      );
    });
  };
}

function nodeLabel(text) {
  const value = element("tspan", { "font-weight": 600 }, text);
  const [first, second] = [element("tspan", { dx: 5 }, text), element("tspan", { dy: LINE - 1 }, text)];
  return ({ names, value: number, colour }, { x, y, anchor }) => {
    const top = round(y - ((names.length - 1) * LINE) / 2);
    set(text, { x, y: top, "text-anchor": anchor, fill: colour });
    write(value, number);
    write(first, names[0]);
    write(set(second, { x }), names[1] ?? "");
  };
}

/** The flow at a place: ribbons bend as smoothly as a cubic does. */
function finder({ links }) {
  return (x, y) => {
    const away = ({ source, target, y0, y1, width }) => {
      const share = (x - source.x1) / (target.x0 - source.x1);
      const middle = y0 + share * share * (3 - 2 * share) * (y1 - y0);
      return share < 0 || share > 1 ? Infinity : Math.abs(middle - y) - width / 2;
    };
    const best = links.reduce((least, link) => (away(link) < away(least) ? link : least), links[0]);
    return best && away(best) < NEAR ? best.at : null;
  };
}

function tableOf({ title, nodes, links }, told, say) {
  const name = (index) => isolated(nodes[index].name);
  const rows = links.map(({ source, target, value }) => [name(source), name(target), told.text(value)]);
  return { caption: captioned(title, told.unit), head: [say("from"), say("to"), say("value")], rows };
}
