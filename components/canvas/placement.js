/** Where things are and where new ones go: geometry only. */

export const GRID = 8;
const GAP = { x: 80, y: 32 };
export const CARD = { width: 224, height: 56 };

export const plus = (one, other) => ({ x: one.x + other.x, y: one.y + other.y });
export const snap = ({ x, y }) => ({ x: Math.round(x / GRID) * GRID, y: Math.round(y / GRID) * GRID });

/** The position that puts the middle of a new node at the point. */
export function centredAt(point, { width, height }) {
  return snap({ x: point.x - width / 2, y: point.y - height / 2 });
}

/** A free place of that size right of the node, below others that are there already. */
export function rightOf(node, nodes, size) {
  const { x, y, width } = boxOf(node);
  const box = { x: x + width + GAP.x, y, ...size };
  while (nodes.some((other) => overlap(box, boxOf(other)))) box.y += box.height + GAP.y;
  return snap(box);
}

export function rightmost(nodes) {
  return nodes.reduce((best, node) => (best && best.position.x >= node.position.x ? best : node), undefined);
}

/** An id as the server makes it from a label, so that an edge to the new node can be sent along. */
export function freeId(label, nodes) {
  const taken = new Set(nodes.map(({ id }) => id));
  const plain = label
    .normalize("NFKD")
    .replace(/[^\x00-\x7f]/g, "")
    .toLowerCase();
  const words = plain.replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "") || "node";
  const base = /^\d/.test(words) ? `node_${words}` : words;
  for (let number = 1; ; number++) {
    const id = number === 1 ? base : `${base}_${number}`;
    if (!taken.has(id)) return id;
  }
}

/** The node that an arrow key leads to: along an edge for left and right, the nearest one for up and down. */
export function neighbour(key, from, nodes, edges) {
  const leads = {
    ArrowRight: ({ id }) => edges.some(({ source, target }) => source === from.id && target === id),
    ArrowLeft: ({ id }) => edges.some(({ source, target }) => target === from.id && source === id),
    ArrowUp: ({ position }) => position.y < from.position.y,
    ArrowDown: ({ position }) => position.y > from.position.y,
  }[key];
  return nearest(from, nodes.filter(leads));
}

function nearest(from, nodes) {
  // A column is read before its neighbours: sideways counts double.
  const distance = ({ position: { x, y } }) => 2 * Math.abs(x - from.position.x) + Math.abs(y - from.position.y);
  return nodes.reduce((best, node) => (best && distance(best) <= distance(node) ? best : node), undefined);
}

/** Where a node is and how large; one that isn't measured yet is as large as usual. */
export function boxOf(node) {
  return { ...node.position, ...(node.measured?.width ? node.measured : CARD) };
}

export function middleOf({ x, y, width, height }) {
  return { x: x + width / 2, y: y + height / 2 };
}

export function contains(outer, inner) {
  const fits = (axis, size) => inner[axis] >= outer[axis] && inner[axis] + inner[size] <= outer[axis] + outer[size];
  return fits("x", "width") && fits("y", "height");
}

function overlap(one, other) {
  const meets = (axis, size) => one[axis] < other[axis] + other[size] && other[axis] < one[axis] + one[size];
  return meets("x", "width") && meets("y", "height");
}
