"""The rows of live lists: problems, executions and the nodes of one execution."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.ui.times import data_size, duration

PREVIEW = 20_000  # characters of a value that are shown
WAITS = {
    "time": "Goes on at",
    "retry": "Is tried again at",
    "request": "Waits for a request",
    "approval": "Waits for approval",
    "execution": "Waits for the workflow that it runs",
}


@dataclass
class ProblemRow:
    """One problem; without a node it is the workflow's."""

    node: str = ""
    label: str = ""
    message: str = ""


@dataclass
class ExecutionRow:
    """One execution; `started` in ISO 8601."""

    id: str = ""
    status: str = ""
    trigger: str = ""
    started: str = ""
    duration: str = ""


@dataclass
class StepRow:
    """One node of an execution."""

    id: str = ""
    label: str = ""
    action: str = ""
    status: str = ""
    duration: str = ""
    attempts: int = 0
    count: str = ""


@dataclass
class StepDetail:
    """What one node, or with `node_id` "" the execution, got and gave; data as text, with a note and the whole's
    address if it isn't all.

    `iteration` is where in its loops it ran last. While it waits `waits` says for what, and `until` when it is due;
    `deciders` are the e-mail addresses of those who may decide.
    """

    node_id: str = ""
    label: str = ""
    status: str = ""
    duration: str = ""
    error: str = ""
    input: str = ""
    input_note: str = ""
    input_url: str = ""
    output: str = ""
    output_note: str = ""
    output_url: str = ""
    stdout: str = ""
    iteration: list[int] = field(default_factory=list)
    place: str = ""
    waits: str = ""
    until: str = ""
    message: str = ""
    resume_url: str = ""
    deciders: list[str] = field(default_factory=list)


def problem_rows(nodes: Sequence[Mapping[str, Any]], problems: Sequence[Mapping[str, Any]]) -> list[ProblemRow]:
    """The list of problems, each with its node's label."""
    labels = {str(node.get("id")): _label(node) for node in nodes}
    return [
        ProblemRow(node=problem["node"] or "", label=labels.get(problem["node"], ""), message=problem["message"])
        for problem in problems
    ]


def problems_by_node(problems: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The messages of each node, as the canvas marks them."""
    marked: dict[str, list[str]] = {}
    for problem in problems:
        if problem["node"]:
            marked.setdefault(problem["node"], []).append(problem["message"])
    return marked


def execution_row(execution: Mapping[str, Any]) -> ExecutionRow:
    """A row from an execution as the API describes it."""
    return ExecutionRow(
        id=execution["id"],
        status=execution["status"],
        trigger=execution["trigger"],
        started=_iso(execution["started_at"] or execution["created_at"]),
        duration=duration(execution["duration_ms"]),
    )


def step_rows(execution: Mapping[str, Any]) -> list[StepRow]:
    """The nodes of an execution in the order in which they began; those that haven't come last."""
    nodes = execution["nodes"]
    rows = [_step_row(node, nodes.get(node["id"], {})) for node in execution["definition"]["nodes"]]
    began = {node_id: summary["started_at"] for node_id, summary in nodes.items() if summary["started_at"]}
    return sorted(rows, key=lambda row: (row.id not in began, began.get(row.id)))


def card_statuses(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What the canvas shows of each node's progress."""
    return {id_: {"status": node["status"], "count": count_of(node)} for id_, node in nodes.items()}


def count_of(node: Mapping[str, Any]) -> str:
    """How often a node ran, or how far a loop is: `3 of 20 done, 1 failed`, `1,204 times, 2 failed`; else nothing."""
    if rounds := node.get("rounds"):
        total = "" if rounds["total"] is None else f" of {rounds['total']:,}"
        return ", ".join([f"{rounds['done']:,}{total} done", *_others(rounds)])
    if iterations := node.get("iterations"):
        times = "once" if iterations["total"] == 1 else f"{iterations['total']:,} times"
        return ", ".join([times, *_others(iterations)])
    return ""


def _others(counts: Mapping[str, Any]) -> list[str]:
    return [f"{counts[name]:,} {name}" for name in ("failed", "cancelled", "waiting", "skipped") if counts.get(name)]


def step_detail(execution: Mapping[str, Any], node_id: str, log: Sequence[Mapping[str, Any]]) -> StepDetail:
    """One node's data from the rows of its log; without a node the execution's own."""
    if not node_id:
        return _execution_detail(execution)
    row = next((row for row in step_rows(execution) if row.id == node_id), StepRow(id=node_id, label=node_id))
    last = log[-1] if log else {}
    taken: Mapping[str, Any] = next((entry for entry in reversed(log) if entry["input"] is not None), {})
    given = {} if last.get("status") == "running" else last  # while a loop runs its row has the entries
    input_file, output_file = _file(taken, "input"), _file(given, "output")
    return StepDetail(
        node_id=node_id,
        label=row.label,
        status=row.status,
        duration=row.duration,
        error=_message(last.get("error")),
        input=_text(taken.get("input")),
        input_note=_note(input_file),
        input_url=input_file.get("url", ""),
        output=_text(given.get("output")),
        output_note=_note(output_file),
        output_url=output_file.get("url", ""),
        stdout=_cut(last.get("stdout") or ""),
        iteration=last.get("iteration") or [],
        place=" · ".join(f"{index + 1:,}" for index in last.get("iteration") or []),
        **_waiting(last.get("wait") or {}),
    )


def _execution_detail(execution: Mapping[str, Any]) -> StepDetail:
    file = _file(execution, "result")
    return StepDetail(
        label="Execution",
        status=execution["status"],
        duration=duration(execution["duration_ms"]),
        error=_blame(execution),
        input=_text(execution["input"]),
        output=_text(execution["result"]),
        output_note=_note(file),
        output_url=file.get("url", ""),
    )


def _waiting(wait: Mapping[str, Any]) -> dict[str, Any]:
    if not wait:
        return {}
    has_limit = wait["until"] and wait["what"] not in ("time", "retry")
    return {
        "waits": WAITS[wait["what"]] + (" until" if has_limit else ""),
        "until": _iso(wait["until"]) if wait["until"] else "",
        "message": _cut(wait["message"]),
        "resume_url": wait["resume_url"],
        "deciders": wait["deciders"],
    }


def _file(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What holds the whole of a value of which only a preview is shown."""
    file: Mapping[str, Any] = (entry.get("files") or {}).get(name, {})
    return file


def _note(file: Mapping[str, Any]) -> str:
    """How large the whole is."""
    if not file:
        return ""
    parts = {"list": "entries", "object": "fields", "text": "characters"}.get(file["kind"])
    count = f" of {file['count']:,} {parts}" if parts else ""
    return f"A preview: the whole is a {file['kind']}{count}, {data_size(file['size'])}."


def _blame(execution: Mapping[str, Any]) -> str:
    """What went wrong, after the label of the node where it did."""
    error = execution["error"] or {}
    labels = {node["id"]: _label(node) for node in execution["definition"]["nodes"]}
    return ": ".join(filter(None, [labels.get(error.get("node")), _message(execution["error"])]))


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _message(error: Mapping[str, Any] | None) -> str:
    return _cut(str(error["message"])) if error else ""


def _text(value: Any) -> str:
    return "" if value is None else _cut(json.dumps(value, indent=2, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= PREVIEW else f"{text[:PREVIEW]}\n… {len(text) - PREVIEW:,} characters more"


def _step_row(node: Mapping[str, Any], summary: Mapping[str, Any]) -> StepRow:
    return StepRow(
        id=node["id"],
        label=_label(node),
        action=str((node.get("data") or {}).get("action", "")),
        status=summary.get("status", "pending"),
        duration=duration(summary.get("duration_ms")),
        attempts=summary.get("attempts", 0),
        count=count_of(summary),
    )


def _label(node: Mapping[str, Any]) -> str:
    return str((node.get("data") or {}).get("label") or node.get("id"))
