/** Loops as areas: what is in which, where that is, and how large it makes them. Geometry only. */

import { boxOf, CARD } from "./placement.js";

const HEAD = 56;
const MARGIN = 24;
export const EMPTY = { width: 320, height: HEAD + CARD.height + 2 * MARGIN };

/** A place on the canvas as it is in a loop, and not on its border; the loop grows to the right and down by itself. */
export function inLoop({ x, y }, loop) {
  return loop ? { x: Math.max(x - loop.position.x, MARGIN), y: Math.max(y - loop.position.y, HEAD + MARGIN / 2) } : { x, y };
}

export const FIRST_PLACE = { x: MARGIN, y: HEAD + MARGIN };

/** The innermost loop at a point; `nodes` are where they are on the canvas, `moved` can't go into themselves. */
export function loopAt({ x, y }, nodes, moved = []) {
  const isOver = (box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
  const isMoved = (node) => Boolean(node) && (moved.includes(node.id) || isMoved(nodes.find(({ id }) => id === node.parentId)));
  return nodes.findLast((node) => node.type === "group" && isOver(boxOf(node)) && !isMoved(node));
}

/** Those that don't go along with a loop among them anyway. */
export function outermost(some, nodes) {
  const ids = new Set(some.map(({ id }) => id));
  const goesAlong = ({ parentId }) => Boolean(parentId) && (ids.has(parentId) || goesAlong(nodes.find(({ id }) => id === parentId) ?? {}));
  return some.filter((node) => !goesAlong(node));
}

/** By loop, what is right in it. */
export function membersOf(nodes) {
  const members = new Map();
  for (const node of nodes) {
    if (node.parentId) members.set(node.parentId, [...(members.get(node.parentId) ?? []), node]);
  }
  return members;
}

/** Each loop before what is in it; what is in something that isn't there, or in itself, stands on the canvas. */
export function inOrder(nodes, members) {
  const loops = new Set(nodes.filter(({ type }) => type === "group").map(({ id }) => id));
  const found = new Map();
  const visit = (node, isInside) => {
    if (found.has(node.id)) return;
    found.set(node.id, { node, isInside });
    if (loops.has(node.id)) members.get(node.id)?.forEach((member) => visit(member, true));
  };
  nodes.filter(({ parentId }) => !loops.has(parentId)).forEach((node) => visit(node, false));
  nodes.forEach((node) => visit(node, false));
  return [...found.values()];
}

/** By loop, how large it is around what is in it. */
export function sizesOf(nodes, members) {
  const sizes = new Map();
  const sizeOf = (node) => {
    if (node.type !== "group") return boxOf(node);
    if (sizes.has(node.id)) return sizes.get(node.id);
    sizes.set(node.id, EMPTY); // for one that is in itself
    const ends = (axis, side) => (members.get(node.id) ?? []).map((member) => member.position[axis] + sizeOf(member)[side] + MARGIN);
    const size = {
      width: Math.max(EMPTY.width, node.own?.width ?? 0, ...ends("x", "width")),
      height: Math.max(EMPTY.height, node.own?.height ?? 0, ...ends("y", "height")),
    };
    sizes.set(node.id, size);
    return size;
  };
  nodes.filter(({ type }) => type === "group").forEach(sizeOf);
  return sizes;
}
