/** Scenarios kept by name: in the browser's storage where it lets us, else as long as the page is open. */

/**
 * @param {string} place a name that no other model has
 * @returns {{all: () => Array<{name: string, data: object}>, keep: Function, drop: Function, isKept: boolean}}
 */
export function shelfOf(place, storage = permitted()) {
  let memory = [];

  function all() {
    if (storage === null) return memory;
    try {
      const found = JSON.parse(storage.getItem(place) ?? "[]");
      return Array.isArray(found) ? found.filter((one) => typeof one?.name === "string") : [];
    } catch {
      return memory;
    }
  }

  function put(entries) {
    memory = entries;
    try {
      storage?.setItem(place, JSON.stringify(entries));
    } catch {
      storage = null; // full, or forbidden by now
    }
  }

  return {
    all,
    keep: (name, data) => put([...all().filter((one) => one.name !== name), { name, data }]),
    drop: (name) => put(all().filter((one) => one.name !== name)),
    get isKept() {
      return storage !== null;
    },
  };
}

function permitted() {
  try {
    const storage = globalThis.localStorage;
    storage.setItem("prosperity", "");
    storage.removeItem("prosperity");
    return storage;
  } catch {
    return null;
  }
}
