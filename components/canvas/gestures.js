/** Gestures become ops: one batch goes up when a gesture ends, and the document changes when the server says so. */

import { FIT, glide } from "./controls.jsx";
import { createDragging } from "./dragging.js";
import { EMPTY, FIRST_PLACE, inLoop, loopAt, outermost } from "./groups.js";
import { outputsOf } from "./node.jsx";
import { selectOnly } from "./ops.js";
import { droppedItem } from "./palette.js";
import { boxOf, CARD, centredAt, contains, freeId, GRID, middleOf, neighbour, plus, rightmost, rightOf, snap } from "./placement.js";
import { placedNodes, placeOnCanvas } from "./viewport.js";

const STEPS = {
  ArrowLeft: { x: -GRID, y: 0 },
  ArrowRight: { x: GRID, y: 0 },
  ArrowUp: { x: 0, y: -GRID },
  ArrowDown: { x: 0, y: GRID },
};

const BRIEFLY = 5_000; // milliseconds
const OTHER_LOOP = "An edge can't lead into or out of a loop: connect nodes of the same loop.";

/** Made once for a canvas: React Flow's `handlers`, the keys' `commands`, and what the palette calls.
 * `page.current` holds the latest props; `say` tells what the keys do next. */
export function createGestures({ flow, page, root, live, setGraph, say }) {
  let isNudging = false;
  let source; // the node from which the keys draw an edge
  const send = (ops) => ops.length && !page.current.readOnly && page.current.onOps?.(ops);

  const sayBriefly = (text) => {
    say(text);
    setTimeout(() => say((now) => (now === text ? "" : now)), BRIEFLY);
  };

  const select = (nodes, edges) => setGraph((before) => selectOnly(before, nodes, edges));
  const onCanvas = () => placedNodes(flow);
  const selected = () => onCanvas().filter((node) => node.selected);

  const { grab, aim, release } = createDragging({ flow, live, setGraph, send });
  const connect = (source, target, sourceHandle) => send([edgeOp(source, target, sourceHandle)]);
  const isOfOtherLoop = (source, target) => flow.getNode(source)?.parentId !== flow.getNode(target)?.parentId;
  const endsOf = (node) => outputsOf(node.data, page.current.handles, live.ends.get(node.id));
  const beginEdge = (node) => {
    source = node;
    const name = node && (node.data.label || node.id);
    say(node ? `From ${name}: go to another node and press Enter to connect, Escape to stop.` : "");
  };
  const endEdge = (target) => {
    if (isOfOtherLoop(source.id, target.id)) return say(OTHER_LOOP);
    const output = freeOutput(source, flow.getEdges(), endsOf(source));
    connect(source.id, target.id, output === undefined ? endsOf(source)[0].name : output);
    beginEdge(undefined);
  };
  const openForm = () => {
    const form = document.querySelector("[data-node-form]");
    (form?.querySelector("[id^=field-]:is(input, textarea, select), [id^=field-] input") ?? form?.querySelector("input"))?.focus();
  };
  const add = ({ action, label, type }, place, loop, from) => {
    const position = snap(inLoop(place, loop));
    const node = { type, position, data: { label, action, inputs: {} }, ...(loop && { parentId: loop.id }) };
    const output = from && type !== "trigger" ? freeOutput(from, flow.getEdges(), endsOf(from)) : undefined;
    if (output === undefined) return send([{ op: "add_node", node }]);
    const id = freeId(label, flow.getNodes());
    return send([{ op: "add_node", node: { id, ...node } }, edgeOp(from.id, id, output)]);
  };

  const show = (id) => {
    select([id]);
    root.current.querySelector(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
    reveal(boxOf(placeOnCanvas(flow.getNode(id), flow)));
  };
  const reveal = (box) => {
    const frame = root.current.getBoundingClientRect();
    const corner = flow.screenToFlowPosition(frame);
    const zoom = flow.getZoom();
    const view = { ...corner, width: frame.width / zoom, height: frame.height / zoom };
    if (!contains(view, box)) flow.setCenter(box.x + box.width / 2, box.y + box.height / 2, { zoom, ...glide() });
  };

  const handlers = {
    onNodeDragStart: (event, node, nodes) => grab(nodes),
    onNodeDrag: (event, node) => aim(node),
    onNodeDragStop: (event, node, nodes) => release(nodes),
    onSelectionDragStart: (event, nodes) => grab(nodes),
    onSelectionDragStop: (event, nodes) => release(nodes),
    onNodeDoubleClick: (event, node) => page.current.onOpen?.(node.id),
    onConnect: ({ source, target, sourceHandle }) => connect(source, target, sourceHandle),
    onConnectEnd: (event, { fromNode, toNode }) => fromNode && toNode && isOfOtherLoop(fromNode.id, toNode.id) && sayBriefly(OTHER_LOOP),
    isValidConnection: ({ source, target }) => source !== target && !isOfOtherLoop(source, target),
  };

  const commands = {
    undo: () => page.current.readOnly || page.current.onUndo?.(),
    redo: () => page.current.readOnly || page.current.onRedo?.(),
    run: () => page.current.onRun?.(),
    enter: () => {
      const [node, ...more] = selected();
      if (!node || more.length || node.id === source?.id) return;
      if (source) endEdge(node);
      else openForm();
    },
    escape: () => (source ? beginEdge(undefined) : select([])),
    beginEdge: () => selected().length === 1 && !page.current.readOnly && beginEdge(selected()[0]),
    nudge: (key) => {
      if (page.current.readOnly) return;
      const nodes = flow.getNodes();
      if (!isNudging) grab(outermost(nodes.filter((node) => node.selected), nodes));
      isNudging = true;
      setGraph((graph) => ({ ...graph, nodes: graph.nodes.map((node) => (node.dragging ? shifted(node, STEPS[key]) : node)) }));
    },
    settle: () => {
      if (!isNudging) return;
      isNudging = false;
      release(flow.getNodes().filter((node) => node.selected));
    },
    fit: () => flow.fitView({ ...FIT, ...glide() }),
    selectAll: () => select(flow.getNodes().map(({ id }) => id)),
    walk: (key) => {
      const [from] = selected();
      const next = from ? neighbour(key, from, onCanvas(), flow.getEdges()) : flow.getNodes()[0];
      if (next) show(next.id);
    },
    remove: () => {
      const nodes = outermost(selected(), flow.getNodes()).map(({ id }) => id);
      const isAlone = ({ source, target }) => !nodes.includes(source) && !nodes.includes(target);
      const edges = flow.getEdges().filter((edge) => edge.selected && isAlone(edge));
      send([...nodes.map((id) => ({ op: "remove_node", id })), ...edges.map(({ id }) => ({ op: "remove_edge", id }))]);
    },
  };

  /** A step that is picked goes into the loop that is selected, or beside the selected node. */
  const pick = (item) => {
    const nodes = onCanvas();
    const [one, ...more] = selected();
    const loop = item.type === "trigger" ? undefined : one?.type === "group" ? one : nodes.find(({ id }) => id === one?.parentId);
    const there = nodes.filter(({ parentId }) => parentId === loop?.id);
    const beside = !one || one.type === "group" ? rightmost(there) : one;
    const size = sizeOf(item);
    const first = loop ? plus(loop.position, FIRST_PLACE) : centredAt(sightOf(root.current, flow), size);
    const place = beside ? rightOf(beside, there, size) : first;
    add(item, place, loop, one && !more.length ? beside : undefined);
    reveal({ ...size, ...place });
  };

  const drop = (event) => {
    const item = droppedItem(event);
    if (!item) return;
    event.preventDefault();
    const point = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    add(item, centredAt(point, sizeOf(item)), item.type === "trigger" ? undefined : loopAt(point, onCanvas()));
    root.current.focus();
  };

  return { handlers, commands, pick, drop, select };
}

const sizeOf = ({ type }) => (type === "group" ? EMPTY : CARD);
const shifted = (node, by) => ({ ...node, position: plus(node.position, by) });

function edgeOp(source, target, sourceHandle) {
  return { op: "add_edge", edge: { source, target, ...(sourceHandle && { sourceHandle }) } };
}

/** The first output from which no edge goes; undefined if there is none. */
function freeOutput({ id }, edges, ends) {
  const used = edges.filter(({ source }) => source === id).map(({ sourceHandle }) => sourceHandle);
  return ends.find(({ name, isGone }) => name !== "error" && !isGone && !used.includes(name))?.name;
}

/** The middle of what is seen of the canvas. */
function sightOf(element, flow) {
  return flow.screenToFlowPosition(middleOf(element.getBoundingClientRect()));
}
