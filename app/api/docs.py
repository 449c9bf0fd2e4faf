"""`/api/docs`: the interface on one page, drawn from its own description; it needs no script and no other host."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(prefix="/api", include_in_schema=False)
Json = dict[str, Any]
STYLE = """
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif }
body { max-width: 860px; margin: 40px auto; padding: 0 24px }
h2 { margin: 40px 0 8px; font-size: 16px }
details { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
summary { display: flex; gap: 12px; padding: 8px 0; cursor: pointer }
summary b { width: 56px; font: 600 12px/1.75 ui-monospace, monospace }
summary span { margin-left: auto; opacity: .65; text-align: right }
code, pre { font: 12px/1.6 ui-monospace, monospace }
pre { overflow: auto; max-height: 320px; padding: 12px; background: color-mix(in srgb, currentColor 6%, transparent) }
h3 { margin: 8px 0 0; font-size: 12px; opacity: .65 }
"""


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    return HTMLResponse(draw_page(request.app.openapi()))


def draw_page(openapi: Json) -> str:
    """Draw an OpenAPI description as HTML."""
    title = escape(openapi["info"]["title"])
    body = "".join(_draw_groups(openapi))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} · API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="/favicon.svg">'
        f"<style>{STYLE}</style></head><body><h1>{title} API</h1>"
        '<p>The same for programs: <a href="/api/openapi.json">openapi.json</a>.</p>'
        f"{body}</body></html>"
    )


def _draw_groups(openapi: Json) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for path, methods in openapi["paths"].items():
        for method, call in methods.items():
            groups.setdefault(call["tags"][0], []).append(_draw_call(openapi, method.upper(), path, call))
    for tag, calls in groups.items():
        yield f"<h2>{escape(tag)}</h2>{''.join(calls)}"


def _draw_call(openapi: Json, method: str, path: str, call: Json) -> str:
    parts = [f"<b>{method}</b><code>{escape(path)}</code><span>{escape(call['summary'])}</span>"]
    shapes = openapi["components"]["schemas"]
    parameters = {place["name"]: _sketch(place["schema"], shapes) for place in call.get("parameters", ())}
    drawn = [_draw_json("Parameters", parameters)] if parameters else []
    if "requestBody" in call:
        drawn.append(_draw_json("Body", _sketch(_schema_of(call["requestBody"]), shapes)))
    for status, answer in call["responses"].items():
        if status.startswith("2") and _schema_of(answer):
            drawn.append(_draw_json(f"Answer {status}", _sketch(_schema_of(answer), shapes)))
    return f"<details><summary>{''.join(parts)}</summary>{''.join(drawn)}</details>"


def _schema_of(part: Json) -> Json:
    schema: Json = part.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _sketch(schema: Json, shapes: Json) -> Any:
    """A schema as one would jot it down: an object with the types of its fields."""
    match schema:
        case {"$ref": reference}:
            return _sketch(shapes[reference.rpartition("/")[2]], shapes)
        case {"anyOf": choices}:
            sketches = [_sketch(choice, shapes) for choice in choices]
            return next((each for each in sketches if not isinstance(each, str)), " or ".join(map(str, sketches)))
        case {"enum": values}:
            return " or ".join(map(str, values))
        case {"properties": fields}:
            return {name: _sketch(field, shapes) for name, field in fields.items()}
        case {"items": item}:
            return [_sketch(item, shapes)]
        case {"additionalProperties": dict() as value}:
            return {"…": _sketch(value, shapes)}
    return schema.get("format") or schema.get("type", "anything")


def _draw_json(title: str, value: Any) -> str:
    return f"<h3>{title}</h3><pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
