/** What is known of nodes and edges besides the document: the shown execution's statuses, and problems. */

import { createEntries } from "./entries.js";

export function createLive() {
  const [statuses, paths, problems] = [createEntries(), createEntries(), createEntries()];
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
    learn: (message) => {
      if (message.status) learnStatus(message.status);
      if (message.problems) problems.replace(message.problems);
    },
    follow: (ops) => {
      for (const { id, to } of ops.filter(({ op }) => op === "rename_node")) {
        statuses.rename(id, to);
        problems.rename(id, to);
      }
    },
  };
}
