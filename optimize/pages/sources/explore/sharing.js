/** Scenarios as links and files. The state stands behind the # of the address, which no browser sends anywhere. */

import LZString from "lz-string";

import { read, Refused, written } from "./scenario.js";

const KEY = "#scenario=";
const LONGEST = 60_000; // letters of a link; longer ones are cut by programs on their way

/** The part of an address that holds a scenario; null where it would be too long. */
export function linkOf(space, scenario, name = "") {
  const text = KEY + LZString.compressToEncodedURIComponent(JSON.stringify(written(space, scenario, name)));
  return text.length > LONGEST ? null : text;
}

/** The scenario and its name in the part of an address; null where there is none. Throws Refused. */
export function ofLink(space, hash) {
  if (!hash.startsWith(KEY)) return null;
  const text = LZString.decompressFromEncodedURIComponent(hash.slice(KEY.length));
  return ofText(space, text ?? "");
}

/** A scenario as the text of a file. */
export const fileText = (space, scenario, name) => `${JSON.stringify(written(space, scenario, name), null, 1)}\n`;

/** The scenario and its name in the text of a file. Throws Refused. */
export function ofText(space, text) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    throw new Refused("scenarioUnreadable");
  }
  return read(space, data);
}
