/** How the document reaches the canvas: the snapshot is a prop, all after it is pushed in messages. */

import { useContext, useEffect, useEffectEvent, useRef, useState } from "react";
import { StateStoreContext } from "$/utils/context-registry";
import { createLive } from "./live.js";
import { applyOps, fromSnapshot, selectOnly } from "./ops.js";

const NOTHING = { nodes: [], edges: [] };

/** The graph of one workflow as it is now, its setter, and what is known of its nodes and edges (see live.js). */
export function useDocument({ doc, liveState, onReady, onGap }) {
  const store = useContext(StateStoreContext);
  const [live] = useState(createLive);
  const [graph, setGraph] = useState(() => fromSnapshot(doc, NOTHING));
  const shown = useRef({ rev: doc.rev, newest: 0, hasGap: false, message: null });

  const load = useEffectEvent(() => {
    const hasGap = shown.current.newest > doc.rev; // it was changed again while this was on its way
    Object.assign(shown.current, { rev: doc.rev, newest: 0, hasGap });
    setGraph((before) => fromSnapshot(doc, before));
    if (hasGap) onGap?.();
  });

  const change = ({ rev, ops }) => {
    const missing = rev - shown.current.rev - 1;
    shown.current.newest = rev;
    if (missing === 0 && ops) {
      shown.current.rev = rev;
      setGraph((before) => applyOps(before, ops));
      live.follow(ops);
    } else if (missing >= 0 && !shown.current.hasGap) {
      shown.current.hasGap = true;
      onGap?.();
    }
  };

  const read = useEffectEvent(() => {
    const message = store.getSnapshot(liveState)?.message_rx_state_;
    if (message === shown.current.message || message?.workflow_id !== doc.workflow_id) return;
    shown.current.message = message;
    if (message.change) change(message.change);
    live.learn(message);
    if (message.select) setGraph((before) => selectOnly(before, message.select));
  });

  const begin = useEffectEvent(() => {
    if (doc.workflow_id) onReady?.(doc.workflow_id);
  });

  useEffect(() => {
    load();
    read(); // a message may have come before the snapshot, or before this code
  }, [doc]);
  useEffect(() => {
    const stop = store.subscribe(liveState, () => read());
    begin();
    return stop;
  }, [store, liveState]);

  return { graph, setGraph, live };
}
