/** What part of the workflow is in sight: all of it at first, later the person's own choice. */

import { useNodesInitialized, useStore } from "@xyflow/react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { FIT } from "./controls.jsx";

const MARGIN = 24;

/** Show the whole workflow when it is opened; says whether that is done. */
export function useFit(flow, hasNodes) {
  const isMeasured = useNodesInitialized();
  const [isFitted, setFitted] = useState(!hasNodes);
  useEffect(() => {
    if (isMeasured && !isFitted) flow.fitView(FIT).then(() => setFitted(true));
  }, [flow, isMeasured, isFitted]);
  return isFitted;
}

/** Keep in sight what was looked at when a panel opens beside the canvas or a drawer under it. */
export function useSteadyView(flow, nodes) {
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const before = useRef({ width, height });
  const follow = useEffectEvent(() => {
    const { width: oldWidth, height: oldHeight } = before.current;
    before.current = { width, height };
    if (!oldWidth || !width || (oldWidth === width && oldHeight === height)) return;
    const { x, y, zoom } = flow.getViewport();
    const placed = nodes.map((node) => placeOnCanvas(node, flow));
    const view = { x: x - hiddenAtRight(placed, { x, zoom }, width), y: y + (height - oldHeight) / 2, zoom };
    if (isAnySeen(placed, view, { width, height })) flow.setViewport(view);
    else flow.fitView(FIT);
  });
  useEffect(() => follow(), [width, height]);
}

/** The node with its position on the canvas, and not in its loop. */
export function placeOnCanvas(node, flow) {
  const position = node.parentId && flow.getInternalNode(node.id)?.internals.positionAbsolute;
  return position ? { ...node, position } : node;
}

export const placedNodes = (flow) => flow.getNodes().map((node) => placeOnCanvas(node, flow));

function hiddenAtRight(nodes, { x, zoom }, width) {
  const node = nodes.find(({ selected }) => selected);
  return node ? Math.max(0, (node.position.x + (node.measured?.width ?? 0)) * zoom + x + MARGIN - width) : 0;
}

function isAnySeen(nodes, { x, y, zoom }, { width, height }) {
  const isWithin = (start, end) => start >= 0 && start < end;
  return nodes.some(({ position }) => isWithin(position.x * zoom + x, width) && isWithin(position.y * zoom + y, height));
}
