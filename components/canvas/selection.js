/** The selection as the page hears of it: once it has changed, and after a box is drawn rather than during it. */

import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";

/**
 * Call `onSelect(ids)` for each new selection, and again when the data of the one selected node has changed;
 * gives React Flow's handlers that say when a box is being drawn.
 */
export function useSelection(nodes, onSelect) {
  const [isBoxing, setBoxing] = useState(false);
  const told = useRef({ key: "" });
  const selected = nodes.filter((node) => node.selected);
  const key = selected.map(({ id }) => id).join();
  const data = selected.length === 1 ? selected[0].data : undefined;
  const tell = useEffectEvent(() => {
    if (key === told.current.key && data === told.current.data) return;
    told.current = { key, data };
    onSelect?.(selected.map(({ id }) => id));
  });
  useEffect(() => {
    if (!isBoxing) tell();
  }, [key, data, isBoxing]);
  return useMemo(() => ({ onSelectionStart: () => setBoxing(true), onSelectionEnd: () => setBoxing(false) }), []);
}

/** What the Tab key comes to is selected, as if it were clicked. */
export function selectFocused({ target }, select) {
  if (!target.matches(":focus-visible:not(.selected)")) return;
  if (target.matches(".react-flow__node")) select([target.dataset.id]);
  if (target.matches(".react-flow__edge")) select([], [target.dataset.id]);
}
