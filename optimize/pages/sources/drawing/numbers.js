/** Numbers as text, in English and Chinese. */

const GAP = { en: "no data", zh: "\u65e0\u6570\u636e" };
const LOCALES = { en: "en-GB", zh: "zh-CN" };

/** Whether there is a number: NaN, null and infinity are gaps. */
export const known = (value) => typeof value === "number" && Number.isFinite(value);

/** How many decimals show three digits of the largest of these numbers, and none of a number in the thousands. */
export function decimals(values, digits = 3) {
  let largest = 0;
  for (const value of values) if (known(value) && Math.abs(value) > largest) largest = Math.abs(value);
  if (largest === 0) return 0;
  return Math.min(12, Math.max(0, digits - 1 - Math.floor(Math.log10(largest) + 1e-12)));
}

/**
 * A function from numbers to text, all with the same number of decimals; a gap reads "no data".
 * @param {number} places decimals
 * @param {"en"|"zh"} language
 */
export function formatter(places, language = "en") {
  const format = new Intl.NumberFormat(LOCALES[language] ?? LOCALES.en, {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
  return (value) => (known(value) ? format.format(value).replace("-", "\u2212") : (GAP[language] ?? GAP.en));
}
