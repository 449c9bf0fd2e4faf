/** The selection as the page hears of it: once it has changed, and after a box is drawn or a node dragged, not during it. */

import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { useEntry } from "./entries.js";

const LATER = 50; // milliseconds

/**
 * Call `onSelect(ids)` for each new selection, and again when the data or problems of the one selected node have changed;
 * gives React Flow's handlers that say when a box is being drawn.
 */
export function useSelection(nodes, problems, onSelect) {
  const [isBoxing, setBoxing] = useState(false);
  const told = useRef({ key: "", found: "" });
  const selected = nodes.filter((node) => node.selected);
  const isBusy = isBoxing || selected.some(({ dragging }) => dragging);
  const key = selected.map(({ id }) => id).join();
  const data = selected.length === 1 ? selected[0].data : undefined;
  const found = (useEntry(problems, key) ?? []).join();
  const tell = useEffectEvent(() => {
    told.current = { key, data, found };
    onSelect?.(selected.map(({ id }) => id));
  });
  useEffect(() => {
    if (!isBusy && (key !== told.current.key || data !== told.current.data)) tell();
  }, [key, data, isBusy]);
  useEffect(() => {
    // One change may be drawn in two steps: a new id, and the problems that are known by it.
    const later = setTimeout(() => isBusy || found === told.current.found || tell(), LATER);
    return () => clearTimeout(later);
  }, [found, isBusy]);
  return useMemo(() => ({ onSelectionStart: () => setBoxing(true), onSelectionEnd: () => setBoxing(false) }), []);
}

/** What the Tab key comes to is selected, as if it were clicked. */
export function selectFocused({ target }, select) {
  if (!target.matches(":focus-visible:not(.selected)")) return;
  if (target.matches(".react-flow__node")) select([target.dataset.id]);
  if (target.matches(".react-flow__edge")) select([], [target.dataset.id]);
}
