/** Loops are areas: drawn before what is in them, and as large as that needs. */

import { useMemo, useRef } from "react";
import { boxOf, CARD } from "./placement.js";

export const HEAD = 56;
const MARGIN = 24;
export const EMPTY = { width: 320, height: HEAD + CARD.height + 2 * MARGIN };
const BELOW_EDGES = -1;

/** The nodes as React Flow draws them; sizes rest while something is dragged, so that it can be dragged out. */
export function useArranged(nodes) {
  const sizes = useRef(new Map());
  const known = useRef(new WeakMap());
  return useMemo(() => {
    if (!nodes.some(({ type, parentId }) => parentId || type === "group")) return nodes;
    const members = membersOf(nodes);
    if (!nodes.some(({ dragging }) => dragging)) sizes.current = sizesOf(nodes, members);
    return inOrder(nodes, members).map(({ node, isInside }) => {
      const parentId = isInside ? node.parentId : undefined;
      const className = members.has(node.id) ? "is-filled" : "is-empty";
      const look = node.type === "group" && { ...sizes.current.get(node.id), zIndex: BELOW_EDGES, className };
      const drawn = { ...node, parentId, ...look };
      const before = known.current.get(node);
      if (before && Object.keys(drawn).every((name) => before[name] === drawn[name])) return before;
      known.current.set(node, drawn);
      return drawn;
    });
  }, [nodes]);
}

/** A place in a loop that is not on its border; the loop grows to the right and down by itself. */
export function within({ x, y }) {
  return { x: Math.max(x, MARGIN), y: Math.max(y, HEAD + MARGIN / 2) };
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

function membersOf(nodes) {
  const members = new Map();
  for (const node of nodes) {
    if (node.parentId) members.set(node.parentId, [...(members.get(node.parentId) ?? []), node]);
  }
  return members;
}

/** Each loop before what is in it; what is in something that isn't there, or in itself, stands on the canvas. */
function inOrder(nodes, members) {
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

function sizesOf(nodes, members) {
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
