/**
 * Colours that people with any colour vision tell apart, dark enough for text on white where they are used for text.
 *
 * Hues after Okabe and Ito (2008), darkened to a contrast of 4.5 with white; ramps grow darker evenly, so that they are
 * read in grey too.
 */

export const INK = "#1a1a1a";
export const MUTED = "#595959";
export const GRID = "#e2e2e2";
export const RULE = "#8c8c8c";
export const BLACK = "#000000"; // on cells, where the last bit of contrast counts
export const GROUND = "#ffffff";
export const STRIPE = "#efefef"; // behind a row that is picked

/**
 * How a line of each role looks: each differs from the others by more than its colour. `mine` is the policy that is
 * looked at, on every page and in every figure; `optimum` is the best one found, beside one that somebody tries.
 */
export const ROLES = {
  mine: { colour: "#005a9c", width: 2.75, dash: null },
  optimum: { colour: "#b34700", width: 2, dash: "7 3" },
  even: { colour: "#006b52", width: 2, dash: "9 3 2 3" },
  baseline: { colour: "#4d4d4d", width: 2, dash: "2 3" },
};

const OTHERS = [
  { colour: "#8a3a75", width: 1.75, dash: null },
  { colour: "#7a5c00", width: 1.75, dash: "5 2" },
  { colour: "#1f6f8b", width: 1.75, dash: "2 2" },
  { colour: "#a02c2c", width: 1.75, dash: "8 2 2 2" },
  { colour: "#3d5a1e", width: 1.75, dash: "12 3" },
  { colour: "#5b4a9e", width: 1.75, dash: "4 2 1 2" },
];
const CROWD = { colour: "#767676", width: 1, dash: null };

const NUMBERED = [...Object.values(ROLES), ...OTHERS];
const TURN = 3; // each round of numbers has the dashes of the third one after

/** The look of a number: the same in all charts of a page; from the eleventh on colours come again with other dashes. */
function numbered(look) {
  const dashed = look + TURN * Math.floor(look / NUMBERED.length);
  return { ...NUMBERED[look % NUMBERED.length], dash: NUMBERED[dashed % NUMBERED.length].dash };
}

/**
 * The looks of series by role, or by `look`, a number that means the same in other charts; more than six others are a
 * grey crowd, told apart by their names alone.
 */
export function looks(series) {
  const others = series.filter(({ role, look }) => !ROLES[role] && look === undefined).length;
  let next = 0;
  const other = () => (others > OTHERS.length ? CROWD : OTHERS[next++]);
  return series.map(({ role, look }) => (look === undefined ? (ROLES[role] ?? other()) : numbered(look)));
}

/** Hues of groups, from dark to light. */
const HUES = [
  ["#08436f", "#c6dcee"],
  ["#8a3b00", "#f8d3b0"],
  ["#00513f", "#bfe3d4"],
  ["#5c2a6b", "#e3cdea"],
  ["#4a4a4a", "#dcdcdc"],
  ["#6b5500", "#efe0a6"],
  ["#7d1f3d", "#f3c9d5"],
  ["#17506b", "#c4e4ee"],
];

const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** The colour between two, at a share of the way. */
export function between(one, other, share) {
  const [from, to] = [channels(one), channels(other)];
  const mixed = from.map((value, at) => Math.round(value + share * (to[at] - value)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * A fill and a colour for text of each member: groups share a hue, and grow lighter from member to member.
 * @param {(string|undefined)[]} groups the group of each member
 */
export function shades(groups) {
  const names = [...new Set(groups)];
  const members = names.map((name) => groups.filter((other) => other === name).length);
  const met = names.map(() => 0);
  return groups.map((name) => {
    const group = names.indexOf(name);
    const [dark, light] = HUES[group % HUES.length];
    const share = members[group] === 1 ? 0.35 : (met[group]++ / (members[group] - 1)) * 0.9;
    return { fill: between(dark, light, share), text: dark };
  });
}

const SEQUENTIAL = ["#f3f7ea", "#cfe6c4", "#95cdb8", "#57a9b0", "#2f7f9f", "#1f5686", "#142f5c"];
const DIVERGING = ["#6b3000", "#b3651a", "#e0a968", "#f4e0c6", "#f6f6f6", "#c9dff0", "#82b3d8", "#3a78b0", "#0c3f73"];
const STEPS = 64;

const ramp = (stops) =>
  Array.from({ length: STEPS + 1 }, (_, step) => {
    const place = (step / STEPS) * (stops.length - 1);
    const at = Math.min(stops.length - 2, Math.floor(place));
    return between(stops[at], stops[at + 1], place - at);
  });
const RAMPS = { true: ramp(DIVERGING), false: ramp(SEQUENTIAL) };

/** The colour of a share from 0 to 1 of a ramp. */
export function shade(share, diverging) {
  return RAMPS[Boolean(diverging)][Math.round(Math.min(1, Math.max(0, share)) * STEPS)];
}

/** The luminance of a colour, 0 to 1, as WCAG 2 defines it. */
export function luminance(colour) {
  const [red, green, blue] = channels(colour).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const EVEN = 0.179; // luminance on which black and white have the same contrast

/** Black or white, whichever is read better on a colour. */
export const inkOn = (colour) => (luminance(colour) > EVEN ? BLACK : GROUND);
