/** An edge: a thin curve that tells whether the execution went along it. */

import { BaseEdge, getBezierPath } from "@xyflow/react";
import { memo, useContext, useMemo, useRef } from "react";
import { useEntry } from "./entries.js";
import { CanvasContext } from "./node.jsx";

const StatusEdge = memo(function StatusEdge({ id, target, ...ends }) {
  const { live } = useContext(CanvasContext);
  const path = useEntry(live.paths, id); // "taken", "skipped" or not decided
  const status = useEntry(live.statuses, target)?.status;
  const look = path === "taken" && status === "running" ? "running" : path;
  const [curve] = getBezierPath(ends);
  return <BaseEdge path={curve} className={look && `is-${look}`} />;
});

export const edgeTypes = { status: StatusEdge };

/** The edges with names of their ends for those who hear the page; an edge whose name stays keeps its identity. */
export function useNamedEdges({ nodes, edges }) {
  const known = useRef(new WeakMap());
  const labels = JSON.stringify(nodes.map(({ id, data }) => [id, data.label || id]));
  return useMemo(() => {
    const labelOf = new Map(JSON.parse(labels));
    return edges.map((edge) => {
      const ariaLabel = `Edge from ${labelOf.get(edge.source)} to ${labelOf.get(edge.target)}`;
      const before = known.current.get(edge);
      const named = before?.ariaLabel === ariaLabel ? before : { ...edge, ariaLabel };
      known.current.set(edge, named);
      return named;
    });
  }, [labels, edges]);
}
