/** The canvas: React Flow with our document, our gestures and the page's cards put together. */

import "@xyflow/react/dist/base.css";
import "./canvas.css";
import "./groups.css";

import {
  applyEdgeChanges,
  applyNodeChanges,
  Background,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { useArranged } from "./arranged.js";
import { Controls } from "./controls.jsx";
import { edgeTypes, useNamedEdges } from "./edge.jsx";
import { createGestures } from "./gestures.js";
import { useKeys } from "./keys.js";
import { useDocument } from "./messages.js";
import { CanvasContext, nodeTypes } from "./node.jsx";
import { allowDrop, usePalette } from "./palette.js";
import { GRID } from "./placement.js";
import { selectFocused, useSelection } from "./selection.js";
import { useFit, useSteadyView } from "./viewport.js";

const PLAIN_ONLY = {};
const FAR = 0.4; // below this zoom nobody reads the text
const SETTINGS = {
  nodeTypes,
  edgeTypes,
  snapToGrid: true,
  snapGrid: [GRID, GRID],
  minZoom: 0.1,
  maxZoom: 2,
  connectionRadius: 32,
  panOnScroll: true,
  zoomOnDoubleClick: false,
  deleteKeyCode: null,
  disableKeyboardA11y: true, // keys.js has other plans for the arrows
  proOptions: { hideAttribution: true },
  onError: () => {}, // what is wrong with a draft is said by its problems
};

export function Canvas(page) {
  return (
    <ReactFlowProvider key={page.doc.workflow_id}>
      <Flow handles={PLAIN_ONLY} readOnly={false} {...page} />
    </ReactFlowProvider>
  );
}

function Flow(page) {
  const { nodeCard: Card, handles, readOnly, onSelect } = page;
  const root = useRef(null);
  const flow = useReactFlow();
  const { graph, setGraph, live } = useDocument(page);
  const latest = useLatest(page);
  const [hint, say] = useState("");
  const gestures = useMemo(() => createGestures({ flow, page: latest, root, live, setGraph, say }), [flow, latest, live, setGraph]);
  const context = useMemo(() => ({ Card, handles, live }), [Card, JSON.stringify(handles), live]);
  const isFitted = useFit(flow, graph.nodes.length > 0);
  const isFar = useStore(({ transform }) => transform[2] < FAR);
  const changes = useChanges(setGraph);
  const nodes = useArranged(graph.nodes);
  const edges = useNamedEdges(graph);
  const boxing = useSelection(graph.nodes, live.problems, onSelect);
  useSteadyView(flow, graph.nodes);
  useKeys(root, gestures.commands);
  usePalette(gestures.pick);
  return (
    <section
      ref={root}
      className={["canvas", isFar && "is-far", !isFitted && "is-unfitted"].filter(Boolean).join(" ")}
      aria-label="Workflow canvas"
      tabIndex={0}
      onDragOver={allowDrop}
      onDrop={gestures.drop}
      onFocus={(event) => selectFocused(event, gestures.select)}
    >
      <CanvasContext value={context}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          {...SETTINGS}
          {...changes}
          {...boxing}
          {...gestures.handlers}
          nodesDraggable={!readOnly}
          nodesConnectable={!readOnly}
        >
          <Background gap={2 * GRID} />
          <Controls />
        </ReactFlow>
      </CanvasContext>
      <p className="canvas-hint" role="status">
        {hint}
      </p>
      <p id="canvas-keys" hidden>
        Enter edits it, C begins an edge, Shift and arrows move it, arrows lead to other nodes.
      </p>
    </section>
  );
}

function useLatest(value) {
  const latest = useRef(value);
  useLayoutEffect(() => {
    latest.current = value;
  });
  return latest;
}

/** What React Flow itself changes: positions under the pointer, sizes and the selection. */
function useChanges(setGraph) {
  return useMemo(
    () => ({
      onNodesChange: (changes) => setGraph((graph) => ({ ...graph, nodes: applyNodeChanges(changes, graph.nodes) })),
      onEdgesChange: (changes) => setGraph((graph) => ({ ...graph, edges: applyEdgeChanges(changes, graph.edges) })),
    }),
    [setGraph],
  );
}
