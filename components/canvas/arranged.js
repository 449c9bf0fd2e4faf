/** The nodes as React Flow draws them: loops before what is in them, under the edges, and as large as they need to be. */

import { useMemo, useRef } from "react";
import { inOrder, membersOf, sizesOf } from "./groups.js";

const BELOW_EDGES = -1;

/** Sizes rest while something is dragged, so that it can be dragged out; a node that looks the same keeps its identity. */
export function useArranged(nodes) {
  const sizes = useRef(new Map());
  const known = useRef(new WeakMap());
  return useMemo(() => {
    if (!nodes.some(({ type, parentId }) => parentId || type === "group")) return nodes;
    const members = membersOf(nodes);
    if (!nodes.some(({ dragging }) => dragging)) sizes.current = sizesOf(nodes, members);
    return inOrder(nodes, members).map(({ node, isInside }) => {
      const parentId = isInside ? node.parentId : undefined;
      const className = members.has(node.id) ? "is-filled" : "is-empty";
      const look = node.type === "group" && { ...sizes.current.get(node.id), zIndex: BELOW_EDGES, className };
      const drawn = { ...node, parentId, ...look };
      const before = known.current.get(node);
      if (before && Object.keys(drawn).every((name) => before[name] === drawn[name])) return before;
      known.current.set(node, drawn);
      return drawn;
    });
  }, [nodes]);
}
