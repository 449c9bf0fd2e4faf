/** What is known of nodes and edges besides the document: the shown execution's statuses, problems, the ends of nodes
 * where they depend on more than the action, and the loop that a dragged node would go into. */

import { createEntries } from "./entries.js";

export function createLive() {
  const [statuses, paths, problems, ends, targets] = Array.from({ length: 5 }, createEntries);
  let execution;

  const learnStatus = ({ execution_id, reset, nodes, edges }) => {
    const isAnother = reset || execution_id !== execution;
    execution = execution_id;
    statuses[isAnother ? "replace" : "merge"](nodes);
    paths[isAnother ? "replace" : "merge"](edges);
  };

  return {
    statuses,
    paths,
    problems,
    ends,
    targets,
    learn: (message) => {
      if (message.status) learnStatus(message.status);
      if (message.problems) problems.replace(message.problems);
      if (message.ends) ends.replace(message.ends);
    },
    follow: (ops) => {
      for (const { id, to } of ops.filter(({ op }) => op === "rename_node")) {
        statuses.rename(id, to);
        problems.rename(id, to);
        ends.rename(id, to);
      }
    },
  };
}
