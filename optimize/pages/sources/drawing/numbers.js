/** Numbers as text, in English and Chinese: those of one chart have one precision and one unit. */

export const MINUS = "\u2212";

const LOCALES = { en: "en-GB", zh: "zh-CN" };
const MOST_DECIMALS = 12;
const POWERS = {
  en: [
    [1e12, "trillion"],
    [1e9, "billion"],
    [1e6, "million"],
  ],
  zh: [
    [1e12, "万亿"],
    [1e8, "亿"],
    [1e6, "百万"],
  ],
};
const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const formats = new Map();

const NO_UNIT = /^(1|dmnl|dimensionless|fraction)$/i;

/** Whether there is a number: NaN, null and infinity are gaps. */
export const known = (value) => typeof value === "number" && value - value === 0;

/** The smallest and the largest number of lists; [NaN, NaN] where there is none. */
export function extent(lists) {
  let low = Infinity;
  let high = -Infinity;
  for (const values of lists)
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!known(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  return low > high ? [NaN, NaN] : [low, high];
}

/** A function from numbers to text with so many decimals, as the language writes them. */
export function formatter(places, language = "en") {
  const key = `${places} ${language}`;
  if (!formats.has(key)) {
    const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
    const format = new Intl.NumberFormat(LOCALES[language] ?? LOCALES.en, digits);
    const zero = format.format(0);
    formats.set(key, (value) => {
      const text = format.format(value);
      return text.startsWith("-") ? (text.slice(1) === zero ? zero : `${MINUS}${text.slice(1)}`) : text;
    });
  }
  return formats.get(key);
}

/** Decimals that a step between numbers needs: .5 one, 20 none. */
export function decimalsOfStep(step) {
  if (!(step > 0)) return 0;
  return Math.min(MOST_DECIMALS, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

/** Decimals that show three digits of the largest of numbers, and at least the hundredth part of their range. */
function decimalsOfRange(low, high) {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (!(largest > 0)) return 0;
  const digits = Math.max(0, 2 - Math.floor(Math.log10(largest) + 1e-9));
  const range = high - low;
  const finer = range > 1e-9 * largest ? decimalsOfStep(range / 100) : 0;
  return Math.min(MOST_DECIMALS, Math.max(digits, Math.min(finer, digits + 3)));
}

/** A factor by which large and small numbers are divided, and its name before the unit. */
function power(largest, language) {
  if (!(largest > 0) || (largest >= 1e-3 && largest < 1e6)) return [1, ""];
  const named = (POWERS[language] ?? POWERS.en).find(([factor]) => largest >= factor);
  if (named && largest < 1e15) return named;
  const exponent = 3 * Math.floor(Math.log10(largest) / 3);
  const written = [...`${Math.abs(exponent)}`].map((digit) => DIGITS[digit]).join("");
  return [10 ** exponent, `×10${exponent < 0 ? "⁻" : ""}${written}`];
}

/**
 * How the numbers of a chart are told.
 * @typedef {Object} Telling
 * @property {string} unit behind a number
 * @property {string} axis the unit on an axis, where numbers without one are told to have none
 * @property {(value: number) => string} text of a gap: that there is no number
 * @property {(value: number) => string} whole with the unit
 * @property {(value: number) => string} signed with a plus
 * @property {(step: number) => (value: number) => string} tick for marks that are a step apart
 */

/**
 * @param {[number, number]} range the smallest and the largest of the numbers
 * @param {{unit?: string, language?: "en"|"zh"}} specification
 * @param {(key: string) => string} say gives the words
 * @returns {Telling}
 */
export function quantity([low, high], { unit: given = "", language = "en" }, say) {
  const [factor, name] = power(Math.max(Math.abs(low), Math.abs(high)), language);
  const format = formatter(decimalsOfRange(low / factor, high / factor), language);
  const none = NO_UNIT.test(given);
  const unit = [name, none ? "" : given].filter(Boolean).join(" ");
  const text = (value) => (known(value) ? format(value / factor) : say("no_data"));
  const whole = (value) => (known(value) ? withUnit(text(value), unit) : text(value));
  const signed = (value) => (value > 0 && text(value) !== text(0) ? `+${text(value)}` : text(value));
  const tick = (step) => {
    const marks = formatter(decimalsOfStep(step / factor), language);
    return (value) => marks(value / factor);
  };
  return { unit, axis: unit || (none ? say("no_unit") : ""), text, whole, signed, tick };
}

/** A number with its unit behind it. */
export const withUnit = (text, unit) => `${text}${unit && unit !== "%" ? " " : ""}${unit}`;

/** A function from points on the horizontal axis to text: years have no separators; "" for no point. */
export function pointFormatter(x, language) {
  const format = pointFormat(x, language);
  return (value) => (known(value) ? format(value) : "");
}

function pointFormat(x, language) {
  const whole = Array.from(x).every((value) => Number.isInteger(value));
  const years = Array.from(x).every((value) => value >= 1000 && value < 3000);
  if (years) return (value) => `${whole ? value : Math.round(value * 1000) / 1000}`;
  return formatter(whole ? 0 : decimalsThatTell(x), language);
}

/** Decimals, four at most, that write each of the numbers exactly. */
function decimalsThatTell(x) {
  const exact = (places) => Array.from(x).every((value) => Math.abs(value - value.toFixed(places)) < 1e-9);
  return [0, 1, 2, 3].find(exact) ?? 4;
}
