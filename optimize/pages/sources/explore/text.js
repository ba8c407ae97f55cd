/** Words and numbers for people, in English and Chinese. */

const LOCALES = { en: "en-GB", zh: "zh-CN" };

/** A function from keys of `labels.csv` to text in a language, values put in place of names in braces. */
export function speaker(words, language) {
  return (key, values = {}) => {
    const text = words[key]?.[language] ?? words[key]?.en ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}

const formats = new Map(); // made once: to make one takes longer than to use it a hundred times

function format(language, options) {
  const key = `${language} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(LOCALES[language], options));
  return formats.get(key);
}

/** A number with so many significant digits, thousands apart; what is no number is a dash. */
export function numberText(value, language = "en", digits = 3) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const scientific = size !== 0 && (size >= 1e9 || size < 1e-4);
  const options = scientific
    ? { notation: "scientific", maximumSignificantDigits: digits }
    : { maximumFractionDigits: Math.min(10, Math.max(0, digits - 1 - Math.floor(Math.log10(size || 1)))) };
  return format(language, options).format(value === 0 ? 0 : value).replace("-", "−");
}

/** A change with its sign. */
export function changeText(value, language = "en", digits = 3) {
  const text = numberText(Math.abs(value), language, digits);
  return Number.isFinite(value) && Number(value.toPrecision(digits)) !== 0 ? `${value > 0 ? "+" : "−"}${text}` : "±0";
}

/** A number as people type it back, with all its digits. */
export const typedText = (value) => String(Number(value.toPrecision(12)));

/** The number that somebody typed; commas may only stand between thousands, since 1,5 is 15 to nobody. */
export function typed(text) {
  const plain = text.trim().replace(/[\u2212\u2013]/g, "-").replace(/\s/g, "");
  const bare = /^[-+]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(plain) ? plain.replaceAll(",", "") : plain;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(bare) ? Number(bare) : NaN;
}

/** A number with its unit behind it, where it has one. */
export const withUnit = (text, unit) => `${text}${unit && !unit.startsWith("%") ? " " : ""}${unit}`;

/** A time without trailing zeros. */
export const timeText = (time) => String(Number(time.toPrecision(10)));

/** A point in time as results call it: the end of the horizon is the end of its last year. */
export const pointText = ({ end, endSaid }, time, language) => (time === end ? endSaid[language] : timeText(time));

/** A number not below, with one or two digits, for the end of an axis or a slider. */
export function roundUp(value) {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * unit).find((end) => end >= value * (1 - 1e-12));
}
