"""The example that a new user finds runs as it is."""

import asyncio
from pathlib import Path

import httpx

from app.runtime import Runtime

ORDERS = Path(__file__).parents[2] / "assets" / "examples" / "orders.json"


async def serve_orders(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stands for the product's own server, which isn't running in this test."""
    request = await reader.readuntil(b"\r\n\r\n")
    assert request.startswith(b"GET /examples/orders.json ")
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + ORDERS.read_bytes())
    await writer.drain()
    writer.close()


async def test_a_new_user_finds_one_workflow_that_runs_green(rt: Runtime, alice: httpx.AsyncClient) -> None:
    (example,) = (await alice.get("/api/workflows")).json()["items"]
    problems = (await alice.get(f"/api/workflows/{example['id']}")).json()["problems"]
    async with await asyncio.start_server(serve_orders, "127.0.0.1", rt.settings.port):
        answer = await alice.post(f"/api/workflows/{example['id']}/execute", params={"wait": 20})

    ended = answer.json()
    assert problems == []
    assert (ended["status"], ended["error"]) == ("succeeded", None)
    assert ended["result"]["summary"].startswith("33 paid orders worth 6,412.20 EUR.")
    assert {id_ for id_, node in ended["nodes"].items() if node["status"] == "skipped"} == {"quiet_week"}
