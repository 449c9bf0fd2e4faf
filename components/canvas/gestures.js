/** Gestures become ops: one batch goes up when a gesture ends, and the document changes when the server says so. */

import { FIT, glide } from "./controls.jsx";
import { outputsOf } from "./node.jsx";
import { selectOnly } from "./ops.js";
import { droppedItem } from "./palette.js";
import { boxOf, centredAt, contains, freeId, GRID, neighbour, rightmost, rightOf, snap } from "./placement.js";

const STEPS = {
  ArrowLeft: { x: -GRID, y: 0 },
  ArrowRight: { x: GRID, y: 0 },
  ArrowUp: { x: 0, y: -GRID },
  ArrowDown: { x: 0, y: GRID },
};

/** Made once for a canvas: React Flow's `handlers`, the keys' `commands`, and what the palette calls.
 * `page.current` holds the latest props; `say` tells what the keys do next. */
export function createGestures({ flow, page, root, setGraph, say }) {
  const grabbed = new Map();
  let isNudging = false;
  let source; // the node from which the keys draw an edge
  const send = (ops) => ops.length && !page.current.readOnly && page.current.onOps?.(ops);

  const select = (nodes, edges) => setGraph((before) => selectOnly(before, nodes, edges));
  const selected = () => flow.getNodes().filter((node) => node.selected);

  const grab = (nodes) => nodes.forEach(({ id, position }) => grabbed.set(id, position));
  const release = (nodes) => {
    const hasMoved = ({ id, position }) => position.x !== grabbed.get(id)?.x || position.y !== grabbed.get(id)?.y;
    send(nodes.filter(hasMoved).map(({ id, position }) => ({ op: "move_node", id, position: snap(position) })));
    grabbed.clear();
  };

  const connect = (source, target, sourceHandle) => send([edgeOp(source, target, sourceHandle)]);
  const beginEdge = (node) => {
    source = node;
    const name = node && (node.data.label || node.id);
    say(node ? `From ${name}: go to another node and press Enter to connect, Escape to stop.` : "");
  };
  const endEdge = (target) => {
    const [first] = outputsOf(source.data, page.current.handles);
    const output = freeOutput(source, flow.getEdges(), page.current.handles);
    connect(source.id, target.id, output === undefined ? first : output);
    beginEdge(undefined);
  };
  const openForm = () => {
    const form = document.querySelector("[data-node-form]");
    (form?.querySelector("[id^=field-]:is(input, textarea, select), [id^=field-] input") ?? form?.querySelector("input"))?.focus();
  };
  const add = ({ action, label, type }, position, from) => {
    const node = { type, position, data: { label, action, inputs: {} } };
    const output = from && type !== "trigger" ? freeOutput(from, flow.getEdges(), page.current.handles) : undefined;
    if (output === undefined) return send([{ op: "add_node", node }]);
    const id = freeId(label, flow.getNodes());
    return send([{ op: "add_node", node: { id, ...node } }, edgeOp(from.id, id, output)]);
  };

  const show = (id) => {
    select([id]);
    root.current.querySelector(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
    reveal(boxOf(flow.getNode(id)));
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
    onNodeDragStop: (event, node, nodes) => release(nodes),
    onSelectionDragStart: (event, nodes) => grab(nodes),
    onSelectionDragStop: (event, nodes) => release(nodes),
    onNodeDoubleClick: (event, node) => page.current.onOpen?.(node.id),
    onConnect: ({ source, target, sourceHandle }) => connect(source, target, sourceHandle),
    isValidConnection: ({ source, target }) => source !== target,
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
      if (!isNudging) grab(selected());
      isNudging = true;
      setGraph((graph) => ({ ...graph, nodes: graph.nodes.map((node) => (node.selected ? shifted(node, STEPS[key]) : node)) }));
    },
    settle: () => {
      if (isNudging) release(selected());
      isNudging = false;
    },
    fit: () => flow.fitView({ ...FIT, ...glide() }),
    selectAll: () => select(flow.getNodes().map(({ id }) => id)),
    walk: (key) => {
      const [from] = selected();
      const next = from ? neighbour(key, from, flow.getNodes(), flow.getEdges()) : flow.getNodes()[0];
      if (next) show(next.id);
    },
    remove: () => {
      const nodes = selected().map(({ id }) => id);
      const isAlone = ({ source, target }) => !nodes.includes(source) && !nodes.includes(target);
      const edges = flow.getEdges().filter((edge) => edge.selected && isAlone(edge));
      send([...nodes.map((id) => ({ op: "remove_node", id })), ...edges.map(({ id }) => ({ op: "remove_edge", id }))]);
    },
  };

  const pick = (item) => {
    const nodes = flow.getNodes();
    const [one, ...more] = selected();
    const beside = one ?? rightmost(nodes);
    const position = beside ? rightOf(beside, nodes) : centredAt(middleOf(root.current, flow), nodes);
    add(item, position, more.length ? undefined : one);
    reveal({ ...boxOf(beside), ...position });
  };

  const drop = (event) => {
    const item = droppedItem(event);
    if (!item) return;
    event.preventDefault();
    add(item, centredAt(flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }), flow.getNodes()));
    root.current.focus();
  };

  return { handlers, commands, pick, drop, select };
}

function shifted(node, { x, y }) {
  return { ...node, position: { x: node.position.x + x, y: node.position.y + y } };
}

function edgeOp(source, target, sourceHandle) {
  return { op: "add_edge", edge: { source, target, ...(sourceHandle && { sourceHandle }) } };
}

/** The first output from which no edge goes; undefined if there is none. */
function freeOutput({ id, data }, edges, handles) {
  const used = edges.filter(({ source }) => source === id).map(({ sourceHandle }) => sourceHandle);
  return outputsOf(data, handles).find((handle) => handle !== "error" && !used.includes(handle));
}

function middleOf(element, flow) {
  const { x, y, width, height } = element.getBoundingClientRect();
  return flow.screenToFlowPosition({ x: x + width / 2, y: y + height / 2 });
}
