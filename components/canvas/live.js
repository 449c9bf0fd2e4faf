/** What is known of nodes and edges besides the document: the shown execution's statuses, and problems. */

import { createEntries } from "./entries.js";

export function createLive() {
  const [statuses, paths, problems] = [createEntries(), createEntries(), createEntries()];
  let execution;

  const forgetExecution = () => {
    statuses.replace();
    paths.replace();
  };
  const learnStatus = ({ execution_id, reset, nodes, edges }) => {
    if (reset || execution_id !== execution) forgetExecution();
    execution = execution_id;
    statuses.merge(nodes);
    paths.merge(edges);
  };

  return {
    statuses,
    paths,
    problems,
    learn: (said) => {
      if (said.status) learnStatus(said.status);
      if (said.problems) problems.replace(said.problems);
    },
    follow: (ops) => {
      for (const { id, to } of ops.filter(({ op }) => op === "rename_node")) {
        statuses.rename(id, to);
        problems.rename(id, to);
      }
    },
    forget: () => {
      forgetExecution();
      problems.replace();
    },
  };
}
