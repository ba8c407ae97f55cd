/** How wide text is, without asking the page to lay itself out. */

export const FONT =
  'system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
export const SIZE = 12;
export const SMALL = 11; // of numbers on axes, units and notes
export const LINE = 14.5; // from one line of text to the next

const MOST_KEPT = 5000;
const widths = new Map();
let pen = null;

/** The width of a text in pixels. */
export function width(text, { size = SIZE, bold = false } = {}) {
  const key = `${bold ? "b" : ""}${size} ${text}`;
  if (!widths.has(key)) {
    if (widths.size > MOST_KEPT) widths.clear();
    pen ??= document.createElement("canvas").getContext("2d");
    pen.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
    widths.set(key, pen.measureText(text).width);
  }
  return widths.get(key);
}

/** The largest width of texts; 0 without any. */
export const widest = (texts, looks) => texts.reduce((most, text) => Math.max(most, width(text, looks)), 0);

const letters = new Intl.Segmenter();
const cuts = new Map();

/** A text that fits a width: as it is, or cut with an ellipsis. */
export function fitted(text, room, looks = {}) {
  if (width(text, looks) <= room) return text;
  const key = `${Math.floor(room)} ${looks.bold ?? ""}${looks.size ?? SIZE} ${text}`;
  if (!cuts.has(key)) {
    if (cuts.size > MOST_KEPT) cuts.clear();
    cuts.set(key, cut(text, room, looks));
  }
  return cuts.get(key);
}

function cut(text, room, looks) {
  const parts = Array.from(letters.segment(text), ({ segment }) => segment);
  let [fits, fails] = [0, parts.length];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (width(`${parts.slice(0, middle).join("").trimEnd()}…`, looks) <= room) fits = middle;
    else fails = middle;
  }
  return `${parts.slice(0, fits).join("").trimEnd()}…`;
}

/**
 * A text in lines that fit a width, broken between words or, in Chinese, letters; the last line is cut.
 * @param {number} indent what stands before the first line takes
 */
export function wrapped(text, room, most, looks = {}, indent = 0) {
  const words = text.match(/[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+\s*|\s+/g) ?? [text];
  const lines = [""];
  const roomOf = (line) => room - (line ? 0 : indent);
  for (const word of words) {
    const last = lines.length - 1;
    const fits = width((lines[last] + word).trimEnd(), looks) <= roomOf(last);
    const alone = !lines[last] && !(indent && last === 0);
    if (fits || alone || lines.length === most) lines[last] += word;
    else lines.push(word);
  }
  return lines.map((line, at) => fitted(line.trim(), roomOf(at), looks));
}
