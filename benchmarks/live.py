"""How long after a node has succeeded the canvas shows it, with 20 nodes.

The clock starts at the row's timestamp, which is taken before the row is committed, so the figures are a little
larger than "from commit to changed DOM". Baselines of the same run: a client of the events stream, and the
reference's way, asking twice a second.
"""

import asyncio
import json
from datetime import datetime
from time import time
from typing import Any

from benchmarks.lab import Lab, edge, node, open_lab, percentiles, print_table

NODES, EXECUTIONS = 20, 15
OBSERVE = """() => {
  window.seen = {};
  new MutationObserver((records) => {
    const now = performance.timeOrigin + performance.now();
    for (const { target } of records) {
      if (target.matches(".card.succeeded")) window.seen[target.dataset.node] ??= now;
    }
  }).observe(document.querySelector(".canvas"), { subtree: true, attributes: true, attributeFilter: ["class"] });
}"""
Moments = dict[str, float]  # by node, in seconds since the epoch


async def main() -> None:
    late: dict[str, list[float]] = {"canvas": [], "events stream": [], "asking twice a second": []}
    async with open_lab() as lab:
        page = await lab.browser.new_page()
        for _ in range(EXECUTIONS):
            workflow_id = await lab.create(make_workflow())
            await page.goto(f"/workflows/{workflow_id}/edit")
            await page.wait_for_selector(".card")
            await page.evaluate(OBSERVE)
            started = await lab.api.post(f"/api/workflows/{workflow_id}/execute", json={"input": {}})
            execution_id = started.json()["execution_id"]
            streamed, asked = await asyncio.gather(stream(lab, execution_id), ask(lab, execution_id))
            while len(seen := await page.evaluate("window.seen")) < NODES:  # noqa: ASYNC110 the page has no event for it
                await asyncio.sleep(0.05)
            shown = {id_: at / 1000 for id_, at in seen.items()}
            truth = await read_log(lab, execution_id)
            for name, moments in zip(late, (shown, streamed, asked), strict=True):
                late[name] += [1000 * (moments[id_] - at) for id_, at in truth.items()]
    print_table(
        f"Succeeded → seen, ms ({NODES} nodes, {EXECUTIONS} executions)",
        ("by", "p50", "p95", "max"),
        [(name, *percentiles(values)) for name, values in late.items()],
    )


def make_workflow() -> dict[str, Any]:
    """A trigger, then three chains of code side by side, each step taking some milliseconds."""
    nodes = [node("start", "trigger/manual", x=0, y=0)]
    edges = []
    for place in range(NODES - 1):
        column, row = divmod(place, 3)
        id_ = f"step_{column}_{row}"
        nodes.append(node(id_, "code/python", x=280 * (column + 1), y=120 * row, code="sum(range(100_000))"))
        edges.append(edge(f"step_{column - 1}_{row}" if column else "start", id_))
    return {"name": "Twenty", "nodes": nodes, "edges": edges}


async def stream(lab: Lab, execution_id: str) -> Moments:
    seen: Moments = {}
    async with lab.api.stream("GET", f"/api/executions/{execution_id}/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                row = json.loads(line.removeprefix("data:"))
                if row["status"] == "succeeded" and row["node_id"]:
                    seen[row["node_id"]] = time()
    return seen


async def ask(lab: Lab, execution_id: str) -> Moments:
    seen: Moments = {}
    while len(seen) < NODES:
        execution = (await lab.api.get(f"/api/executions/{execution_id}")).json()
        done = [id_ for id_, summary in execution["nodes"].items() if summary["status"] == "succeeded"]
        seen |= {id_: time() for id_ in done if id_ not in seen}
        await asyncio.sleep(0.5)
    return seen


async def read_log(lab: Lab, execution_id: str) -> Moments:
    rows = (await lab.api.get(f"/api/executions/{execution_id}/logs", params={"limit": 200})).json()["items"]
    return {
        row["node_id"]: datetime.fromisoformat(row["timestamp"]).timestamp()
        for row in rows
        if row["status"] == "succeeded" and row["node_id"]
    }


if __name__ == "__main__":
    asyncio.run(main())
