/** A node: the card that Python drew, the handles, and a name for those who hear the page. */

import { Handle, Position, useUpdateNodeInternals } from "@xyflow/react";
import { createContext, memo, useContext, useEffect, useRef } from "react";
import { useEntry } from "./entries.js";

export const CanvasContext = createContext(null);

const NO_STATUS = {};
const NO_PROBLEMS = [];
const PLAIN = null;

const StepNode = memo(function StepNode({ id, type, parentId, data, selected }) {
  const { Card, handles, live } = useContext(CanvasContext);
  const status = useEntry(live.statuses, id) ?? NO_STATUS;
  const problems = useEntry(live.problems, id) ?? NO_PROBLEMS;
  const isTarget = useEntry(live.targets, id);
  const outputs = outputsOf(data, handles, useEntry(live.ends, id));
  useMeasuredAgain(id, outputs.map(({ name }) => name).join());
  return (
    <div
      className={["step-node", type === "group" && "group-node", parentId && "in-loop", isTarget && "is-target"].filter(Boolean).join(" ")}
      id={`node-${id}`}
      aria-label={describe(data, status, problems)}
      data-status={status.status}
      style={{ "--ends": outputs.length }}
    >
      {type !== "trigger" && <Handle type="target" position={Position.Left} />}
      <Card id={id} data={data} selected={selected} status={status} problems={problems} />
      {type === "group" && <p className="group-hint">Drag steps in here</p>}
      {outputs.map((output, index) => (
        <Output key={output.name} {...output} top={(index + 1) / (outputs.length + 1)} />
      ))}
    </div>
  );
});

/** All kinds look alike to React Flow; the object is made once, or every node would be mounted anew. */
export const nodeTypes = { trigger: StepNode, action: StepNode, condition: StepNode, group: StepNode };

/** A node's outputs from top to bottom, `{name, isGone}`; the plain one is null. `ends` are its own, if it has such. */
export function outputsOf(data, handles, ends) {
  const usual = [...(handles[data.action] ?? [PLAIN]), ...(data.on_error === "branch" ? ["error"] : [])];
  const gone = (ends?.gone ?? []).map((name) => ({ name, isGone: true }));
  return [...(ends?.names ?? usual).map((name) => ({ name, isGone: false })), ...gone];
}

function Output({ name, isGone, top }) {
  return (
    <Handle
      type="source"
      position={Position.Right}
      id={name ?? undefined}
      isConnectableStart={!isGone}
      className={isGone ? "is-gone" : ""}
      style={{ top: `calc(${top} * var(--head, 100%))` }}
    >
      {name && <span className="handle-label">{name}</span>}
    </Handle>
  );
}

/** React Flow measures a node's handles once; tell it when there are others. */
function useMeasuredAgain(id, outputs) {
  const measure = useUpdateNodeInternals();
  const measured = useRef(outputs);
  useEffect(() => {
    if (measured.current === outputs) return;
    measured.current = outputs;
    measure(id);
  }, [measure, id, outputs]);
}

function describe(data, { status }, problems) {
  const count = problems.length && `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`;
  return [data.label ?? data.action, status, count].filter(Boolean).join(", ");
}
