/** An edge: a thin curve that tells whether the execution went along it. */

import { BaseEdge, getBezierPath } from "@xyflow/react";
import { memo, useContext } from "react";
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
