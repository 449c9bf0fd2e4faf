/** The buttons in the corner: closer, farther, everything. */

import { Panel, useReactFlow } from "@xyflow/react";

export const FIT = { padding: 0.15, maxZoom: 1 };

/** Options for a short motion of the viewport, or for none where people asked for none. */
export function glide() {
  return { duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 160 };
}

export function Controls() {
  const flow = useReactFlow();
  return (
    <Panel position="bottom-left" className="canvas-controls">
      <Button label="Zoom in" onClick={() => flow.zoomIn(glide())} drawing="M8 3v10M3 8h10" />
      <Button label="Zoom out" onClick={() => flow.zoomOut(glide())} drawing="M3 8h10" />
      <Button
        label="Show everything"
        keys="F"
        onClick={() => flow.fitView({ ...FIT, ...glide() })}
        drawing="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3"
      />
    </Panel>
  );
}

function Button({ label, keys, onClick, drawing }) {
  return (
    <button type="button" aria-label={label} title={keys ? `${label} (${keys})` : label} onClick={onClick}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={drawing} />
      </svg>
    </button>
  );
}
