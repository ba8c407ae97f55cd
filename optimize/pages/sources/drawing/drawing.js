/** The charts: each a function of a specification, that gives `{node, update(specification)}`. */

export { formatter } from "./numbers.js";
