/** Nodes that are moved: where they come to stand, and in which loop. */

import { inLoop, loopAt } from "./groups.js";
import { applyOps } from "./ops.js";
import { boxOf, middleOf, snap } from "./placement.js";
import { placedNodes, placeOnCanvas } from "./viewport.js";

/** `grab` nodes, `aim` at the loop that one is over, and `release` them: then ops are sent for those that have moved. */
export function createDragging({ flow, live, setGraph, send }) {
  const grabbed = new Map();

  const grab = (nodes) => {
    nodes.forEach(({ id, position }) => grabbed.set(id, position));
    setGraph((graph) => withDragging(graph, (node) => grabbed.has(node.id))); // React Flow says so only once one moves
  };
  const aim = (node) => {
    const middle = middleOf(boxOf(placeOnCanvas(node, flow)));
    const loop = node.type === "trigger" ? undefined : loopAt(middle, placedNodes(flow), [node.id]);
    live.targets.replace(loop && loop.id !== node.parentId ? { [loop.id]: true } : {});
    return loop;
  };
  const release = (nodes) => {
    const hasMoved = ({ id, position }) => position.x !== grabbed.get(id)?.x || position.y !== grabbed.get(id)?.y;
    const ops = opsOf(nodes.filter(hasMoved).map((node) => settle(node, aim(node))));
    live.targets.replace({});
    grabbed.clear();
    setGraph((graph) => applyOps(withDragging(graph, () => false), ops)); // or a loop would grow for what has just left it
    send(ops);
  };
  const settle = (node, loop) => {
    const parent = loop?.id ?? null;
    const position = snap(inLoop(placeOnCanvas(node, flow).position, loop));
    return { id: node.id, position, parent, isElsewhere: parent !== (node.parentId ?? null) };
  };

  return { grab, aim, release };
}

/** Those that go into the same loop go together, so that the edges between them stay. */
function opsOf(moves) {
  const stay = moves.filter(({ isElsewhere }) => !isElsewhere);
  const go = moves.filter(({ isElsewhere }) => isElsewhere);
  const parents = [...new Set(go.map(({ parent }) => parent))];
  const nodesOf = (parent) => go.filter((move) => move.parent === parent).map(({ id, position }) => ({ id, position }));
  return [
    ...stay.map(({ id, position }) => ({ op: "move_node", id, position })),
    ...parents.map((parent) => ({ op: "set_parent", nodes: nodesOf(parent), parent })),
  ];
}

function withDragging({ nodes, edges }, isDragged) {
  const mark = (node) => (Boolean(node.dragging) === isDragged(node) ? node : { ...node, dragging: !node.dragging });
  return { edges, nodes: nodes.map(mark) };
}
