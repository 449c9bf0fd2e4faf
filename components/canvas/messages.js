/** How the document reaches the canvas: the snapshot is a prop, all after it is pushed in messages. */

import { useContext, useEffect, useEffectEvent, useRef, useState } from "react";
import { StateStoreContext } from "$/utils/context-registry";
import { createLive } from "./live.js";
import { applyOps, fromSnapshot, selectOnly } from "./ops.js";

const NOTHING = { nodes: [], edges: [] };

/** The graph as it is now, its setter, and what is known of its nodes and edges (see live.js). */
export function useDocument({ doc, liveState, onGap }) {
  const store = useContext(StateStoreContext);
  const [live] = useState(createLive);
  const [graph, setGraph] = useState(() => fromSnapshot(doc, NOTHING));
  const shown = useRef({ workflow: doc.workflow_id, rev: doc.rev, hasGap: false, message: null });

  const load = useEffectEvent((snapshot) => {
    const isOther = shown.current.workflow !== snapshot.workflow_id;
    Object.assign(shown.current, { workflow: snapshot.workflow_id, rev: snapshot.rev, hasGap: false });
    setGraph((before) => fromSnapshot(snapshot, isOther ? NOTHING : before));
    if (isOther) live.forget();
    live.learn(snapshot);
  });

  const change = ({ rev, ops }) => {
    const missing = rev - shown.current.rev - 1;
    if (missing === 0) {
      shown.current.rev = rev;
      setGraph((before) => applyOps(before, ops));
      live.follow(ops);
    } else if (missing > 0 && !shown.current.hasGap) {
      shown.current.hasGap = true;
      onGap?.();
    }
  };

  const read = useEffectEvent(({ isLate }) => {
    const message = store.getSnapshot(liveState)?.message_rx_state_;
    if (!message || message === shown.current.message) return;
    const workflow = message.workflow_id ?? (isLate ? null : shown.current.workflow);
    if (workflow !== shown.current.workflow) return;
    shown.current.message = message;
    if (message.change) change(message.change);
    live.learn(message);
    if (message.select) setGraph((before) => selectOnly(before, message.select));
  });

  useEffect(() => {
    load(doc);
    read({ isLate: true }); // it may have come while this module was being fetched
  }, [doc]);
  useEffect(() => store.subscribe(liveState, () => read({ isLate: false })), [store, liveState]);

  return { graph, setGraph, live };
}
