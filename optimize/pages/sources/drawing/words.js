/** The words that charts say themselves; `words` of a specification replaces any of them. */

const WORDS = {
  en: {
    no_data: "no data",
    no_unit: "no unit",
    year: "year",
    total: "total",
    rest: "not explained",
    left_out: "Not drawn, since they are below zero: {count}",
    not_named: "{count} of {all} lines are named; the arrow keys and the pointer name the others.",
    keys_lines: "Arrow keys: left and right for the year, up and down for the line.",
    keys_stack: "Arrow keys: left and right for the year, up and down for the part.",
    keys_panels: "Arrow keys: left and right for the year, up and down for the panel.",
    keys_cells: "Arrow keys move from cell to cell.",
    keys_rows: "Arrow keys: up and down from row to row.",
    at_most: "at most",
    at_least: "at least",
    equals: "equals",
    holds: "holds",
    reached: "reached",
    broken: "broken",
    room: "room left, % of the bound",
    limit: "limit",
    value: "value",
    bound: "bound",
    distance: "distance",
    state: "state",
    from: "from",
    to: "to",
    name: "name",
    group: "group",
  },
  zh: {
    no_data: "无数据",
    no_unit: "无量纲",
    year: "年",
    total: "合计",
    rest: "未解释部分",
    left_out: "因低于零而未绘出：{count}",
    not_named: "{all} 条线中标出 {count} 条；用方向键或指针查看其余名称。",
    keys_lines: "方向键：左右选年份，上下选线。",
    keys_stack: "方向键：左右选年份，上下选部分。",
    keys_panels: "方向键：左右选年份，上下选图。",
    keys_cells: "方向键在单元格间移动。",
    keys_rows: "方向键：上下选行。",
    at_most: "不超过",
    at_least: "不低于",
    equals: "等于",
    holds: "满足",
    reached: "触及",
    broken: "突破",
    room: "余量，占限值的百分比",
    limit: "限制",
    value: "数值",
    bound: "限值",
    distance: "距离",
    state: "状态",
    from: "来源",
    to: "去向",
    name: "名称",
    group: "组",
  },
};

/**
 * A function from a key to its text, with `{name}` replaced.
 * @param {{language?: "en"|"zh", words?: Object<string, string>}} specification
 */
export function speaker({ language = "en", words = {} }) {
  const own = WORDS[language] ?? WORDS.en;
  return (key, parts = {}) => (words[key] ?? own[key]).replace(/\{(\w+)\}/g, (_, name) => parts[name]);
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name that keeps its own direction and leaves that of what stands beside it alone. */
export const isolated = (name) => (RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : `${name}`);
