"""What the editor weighs and how fast it opens, and what the whole product costs while nobody uses it.

Baseline of the same run: the sign-in page, which has everything but a canvas.
"""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from benchmarks.lab import Lab, edge, node, open_lab, percentiles, print_table

OPENINGS = 5
# Moves the grabbed node in a circle for two seconds and counts the frames that the browser paints meanwhile.
COUNT_FRAMES = """() => new Promise((done) => {
  let frames = 0; const began = performance.now();
  const count = (now) => { frames += 1; now - began < 2000 ? requestAnimationFrame(count) : done(frames / 2); };
  requestAnimationFrame(count);
})"""


async def main() -> None:
    async with open_lab() as lab:
        rows = [
            await measure(lab, "sign in", "/login", "form"),
            *[await measure_workflow(lab, count) for count in (20, 500)],
        ]
        print_table(
            f"Opening a page with an empty cache ({OPENINGS} times)",
            ("page", "kB transferred", "requests", "ready after ms, p50", "max", "DOM elements"),
            rows,
        )
        await print_motion(lab)
        print_table("Memory (PSS), MB", ("process", "MB"), await measure_memory(lab))


async def measure_workflow(lab: Lab, count: int) -> tuple[object, ...]:
    workflow_id = await lab.create(make_workflow(count))
    return await measure(lab, f"editor, {count} nodes", f"/workflows/{workflow_id}/edit", f"text=step_{count - 1}")


def make_workflow(count: int) -> dict[str, Any]:
    """Chains of code, 25 nodes long, side by side."""
    nodes = [node("start", "trigger/manual", x=0, y=0)]
    edges = []
    for place in range(1, count):
        row, column = divmod(place, 25)
        id_ = f"step_{place}"
        nodes.append(node(id_, "code/python", x=280 * column, y=120 * row, code="1"))
        edges.append(edge(f"step_{place - 1}" if column > 1 else "start", id_))
    return {"name": f"{count} nodes", "nodes": nodes, "edges": edges}


async def measure(lab: Lab, name: str, path: str, ready: str) -> tuple[object, ...]:
    times, sizes, requests, elements = [], [], [], 0
    for _ in range(OPENINGS):
        page = await lab.browser.new_page()
        network = await page.context.new_cdp_session(page)
        await network.send("Network.enable")
        await network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        received: list[float] = []
        network.on("Network.loadingFinished", lambda event, to=received: to.append(event["encodedDataLength"]))
        began = time.perf_counter()
        await page.goto(path)
        await page.wait_for_selector(ready, state="attached")
        times.append(1000 * (time.perf_counter() - began))
        await page.wait_for_load_state("networkidle")
        sizes.append(sum(received) / 1000)
        requests.append(len(received))
        elements = await page.evaluate("document.querySelectorAll('*').length")
        await page.close()
    p50, _, largest = percentiles(times)
    return name, max(sizes), max(requests), p50, largest, elements


async def print_motion(lab: Lab) -> None:
    page = await lab.browser.new_page()
    rows = []
    for count in (20, 500):
        workflow_id = await lab.create(make_workflow(count))
        await page.goto(f"/workflows/{workflow_id}/edit")
        await page.wait_for_selector(f"text=step_{count - 1}", state="attached")
        rows.append((count, await page.evaluate(COUNT_FRAMES), await drag(page), await zoom(page)))
    print_table("Frames a second", ("nodes", "at rest (baseline)", "dragging a node", "zooming"), rows)
    await page.close()


async def drag(page: Page) -> float:
    box = await page.locator(".react-flow__node").nth(10).bounding_box()
    assert box
    await page.mouse.move(box["x"] + 5, box["y"] + 5)
    await page.mouse.down()
    frames = await while_counting(page, lambda step: page.mouse.move(box["x"] + step % 200, box["y"] + step % 120))
    await page.mouse.up()
    return frames


async def zoom(page: Page) -> float:
    await page.keyboard.down("Control")
    frames = await while_counting(page, lambda step: page.mouse.wheel(0, 20 if step // 20 % 2 else -20))
    await page.keyboard.up("Control")
    return frames


async def while_counting(page: Page, act: Any) -> float:
    counting = asyncio.create_task(page.evaluate(COUNT_FRAMES))
    step = 0
    while not counting.done():
        await act(step)
        step += 3
        await asyncio.sleep(0.008)
    return float(await counting)


async def measure_memory(lab: Lab) -> list[tuple[str, float]]:
    """The server and all its children, idle after what was done here."""
    await lab.api.post(f"/api/workflows/{await lab.create(make_workflow(5))}/execute?wait=30", json={"input": {}})
    await asyncio.sleep(2)
    parent = lab.server.pid
    children = [pid for pid in _processes() if _parent(pid) == parent]
    rows = [("server", _pss(parent)), *((f"sandbox {place}", _pss(pid)) for place, pid in enumerate(children, 1))]
    return [*rows, ("all", sum(size for _, size in rows))]


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _pss(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found
    return int(found[1]) / 1000


if __name__ == "__main__":
    asyncio.run(main())
