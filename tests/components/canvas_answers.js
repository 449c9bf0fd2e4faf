/** Answers on stdout what the canvas makes of the questions on stdin. */

import { inOrder, membersOf, sizesOf } from "../../components/canvas/groups.js";
import { applyOps, fromSnapshot } from "../../components/canvas/ops.js";
import { freeId } from "../../components/canvas/placement.js";

const { replays, labels, drawn } = await Bun.stdin.json();

function replay({ before, ops }) {
  const graph = applyOps(fromSnapshot(before, { nodes: [], edges: [] }), ops);
  return {
    nodes: Object.fromEntries(
      graph.nodes.map(({ id, type, position, data, parentId = null }) => [id, { type, position, data, parentId }]),
    ),
    edges: Object.fromEntries(
      graph.edges.map(({ id, source, target, sourceHandle }) => [id, [source, sourceHandle, target]]),
    ),
  };
}

function arrange(doc) {
  const { nodes } = fromSnapshot(doc, { nodes: [], edges: [] });
  const members = membersOf(nodes);
  return {
    order: inOrder(nodes, members).map(({ node, isInside }) => (isInside ? [node.parentId, node.id] : [node.id])),
    sizes: Object.fromEntries(sizesOf(nodes, members)),
  };
}

console.log(
  JSON.stringify({
    replays: replays.map(replay),
    ids: labels.map((label) => freeId(label, [])),
    arranged: drawn.map(arrange),
  }),
);
