/** The server's ops, replayed on React Flow's nodes and edges; what an op doesn't touch keeps its identity. */

const TYPES = new Set(["trigger", "action", "condition", "group"]);

export const applyOps = (graph, ops) => ops.reduce(applyOp, graph);

/** The snapshot as a graph; a node that was there before stays selected and measured. */
export function fromSnapshot(doc, before) {
  const known = new Map(before.nodes.map((node) => [node.id, node]));
  const keep = ({ id }) => ({ selected: known.get(id)?.selected, measured: known.get(id)?.measured });
  return {
    nodes: withIds(doc.nodes).map((node) => ({ ...toNode(node), ...keep(node) })),
    edges: withIds(doc.edges).map(toEdge),
  };
}

/** The graph with just these nodes and edges selected. */
export function selectOnly({ nodes, edges }, nodeIds, edgeIds = []) {
  const mark = (items, ids) =>
    items.map((item) =>
      Boolean(item.selected) === ids.includes(item.id) ? item : { ...item, selected: !item.selected },
    );
  return { nodes: mark(nodes, nodeIds), edges: mark(edges, edgeIds) };
}

function applyOp({ nodes, edges }, op) {
  switch (op.op) {
    case "add_node":
      return { nodes: [...without(nodes, op.node.id), toNode(op.node)], edges };
    case "remove_node":
      return { nodes: without(nodes, op.id), edges: edges.filter((edge) => !touches(edge, op.id)) };
    case "move_node":
      // Under the pointer the person's own position wins; theirs is sent when they let go.
      return {
        nodes: change(nodes, op.id, (node) => (node.dragging ? node : { ...node, position: op.position })),
        edges,
      };
    case "set_parent": {
      const places = new Map(op.nodes.map(({ id, position }) => [id, position]));
      return { nodes: nodes.map((node) => (places.has(node.id) ? moveInto(node, op.parent, places.get(node.id)) : node)), edges };
    }
    case "set":
      return {
        nodes: changeData(nodes, op.id, (data) => setIn(data, op.path, op.remove ? undefined : op.value)),
        edges,
      };
    case "set_label":
      return { nodes: changeData(nodes, op.id, (data) => ({ ...data, label: op.label })), edges };
    case "rename_node":
      return { nodes: nodes.map((node) => renameNode(node, op)), edges: edges.map((edge) => renameEnds(edge, op)) };
    case "add_edge":
      return { nodes, edges: [...without(edges, op.edge.id), toEdge(op.edge)] };
    case "remove_edge":
      return { nodes, edges: without(edges, op.id) };
    default:
      return { nodes, edges };
  }
}

/** A draft may be saved with anything in it, so take only what can be drawn. */
function toNode({ id, type, position, data, parentId, width, height, style }) {
  const at = (axis) => (Number.isFinite(position?.[axis]) ? position[axis] : 0);
  const own = [{ width, height }, style ?? {}].find((size) => Number.isFinite(size.width) && Number.isFinite(size.height));
  return {
    id,
    type: TYPES.has(type) ? type : "action",
    position: { x: at("x"), y: at("y") },
    data: data ?? {},
    ...(typeof parentId === "string" && { parentId }),
    ...(own && { own: { width: own.width, height: own.height } }),
    domAttributes: nameOf(id),
  };
}

// node.jsx says the label and the status there, canvas.jsx the keys
const nameOf = (id) => ({ "aria-labelledby": `node-${id}`, "aria-describedby": "canvas-keys" });

function toEdge({ id, source, target, sourceHandle, targetHandle }) {
  return { id, type: "status", source, target, sourceHandle: sourceHandle ?? null, targetHandle: targetHandle ?? null };
}

function withIds(items) {
  const known = Array.isArray(items) ? items.filter((item) => typeof item?.id === "string") : [];
  return [...new Map(known.map((item) => [item.id, item])).values()];
}

const without = (items, id) => items.filter((item) => item.id !== id);
const touches = (edge, id) => edge.source === id || edge.target === id;
const change = (nodes, id, update) => nodes.map((node) => (node.id === id ? update(node) : node));
const changeData = (nodes, id, update) => change(nodes, id, (node) => ({ ...node, data: update(node.data) }));

function setIn(holder, [key, ...rest], value) {
  const copy = Array.isArray(holder) ? [...holder] : { ...holder };
  if (rest.length) copy[key] = setIn(copy[key], rest, value);
  else if (value === undefined) delete copy[key];
  else copy[key] = value;
  return copy;
}

function moveInto({ parentId, ...node }, parent, position) {
  return { ...node, position, dragging: false, ...(parent && { parentId: parent }) };
}

function renameNode(node, { id, to }) {
  if (node.parentId === id) return { ...node, parentId: to };
  return node.id === id ? { ...node, id: to, domAttributes: nameOf(to) } : node;
}

function renameEnds(edge, { id, to }) {
  if (!touches(edge, id)) return edge;
  return { ...edge, source: edge.source === id ? to : edge.source, target: edge.target === id ? to : edge.target };
}
