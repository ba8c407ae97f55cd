/** All that pages use: `prosperity.NAME` of the bundle. */

export * from "./drawing/drawing.js";
export * from "./explore/explore.js";
export * from "./explore/widget.js";
export * from "./report/report.js";
