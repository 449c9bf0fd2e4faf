/** Values by id that each wake only those who show that id. */

import { useCallback, useSyncExternalStore } from "react";

export function createEntries() {
  const values = new Map();
  const listeners = new Map();

  const set = (id, value) => {
    if (values.get(id) === value) return;
    values.set(id, value);
    listeners.get(id)?.forEach((listener) => listener());
  };
  const merge = (news = {}) => Object.entries(news).forEach(([id, value]) => set(id, value));

  return {
    get: (id) => values.get(id),
    merge,
    replace: (all = {}) => {
      [...values.keys()].filter((id) => !(id in all)).forEach((id) => set(id, undefined));
      merge(all);
    },
    rename: (id, to) => {
      set(to, values.get(id));
      set(id, undefined);
    },
    subscribe: (id, listener) => {
      if (!listeners.has(id)) listeners.set(id, new Set());
      listeners.get(id).add(listener);
      return () => listeners.get(id).delete(listener);
    },
  };
}

/** What is known of this id; waits for news of it alone. */
export function useEntry(entries, id) {
  const subscribe = useCallback((listener) => entries.subscribe(id, listener), [entries, id]);
  return useSyncExternalStore(subscribe, () => entries.get(id));
}
