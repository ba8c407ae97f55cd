/** The charts: each a function of a specification, that gives `{node, update(changes)}`. */

export { heat } from "./heat.js";
export { limits } from "./limits.js";
export { lines } from "./lines.js";
export { multiples } from "./multiples.js";
export { sankey } from "./sankey.js";
export { stack } from "./stack.js";
export { tiles } from "./tiles.js";
export { waterfall } from "./waterfall.js";
