"""`/docs`: the API on one page that needs nothing from the network, not even a script.

Takes: the OpenAPI schema. Gives: HTML. Does not: send requests for the reader.
"""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

docs_router = APIRouter(include_in_schema=False)

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f4f6;border-radius:4px}code{padding:.1em .3em}
pre{padding:.8rem;overflow-x:auto}h2{margin-top:2.2rem;border-bottom:1px solid #d8dee4}
table{border-collapse:collapse;width:100%}
td,th{border:1px solid #d8dee4;padding:.3rem .6rem;text-align:left;vertical-align:top}
.verb{font-weight:700;text-transform:uppercase;margin-right:.5rem}summary{cursor:pointer}
"""
_EXAMPLE: Final = """curl -N http://127.0.0.1:8000/v1/decisions \\
  -H 'Accept: text/event-stream' -H 'Content-Type: application/json' \\
  -d '{"case": {"case_id": "c1", "market": "SG", "order": {"order_id": "o1",
       "placed_at": "2025-03-01T09:00:00+08:00", "cancelled_at": "2025-03-03T09:00:00+08:00"}},
       "options": {"until": "reasoning"}}'"""


@docs_router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse(page(request.app.openapi()))


def page(schema: Mapping[str, Any]) -> str:
    """HTML of an OpenAPI schema: its operations, then its models."""
    operations = "".join(
        _operation(path, verb, operation)
        for path, verbs in schema["paths"].items()
        for verb, operation in verbs.items()
    )
    models = "".join(_model(name, model) for name, model in sorted(schema["components"]["schemas"].items()))
    title = escape(schema["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} API</title><style>{_STYLE}</style>'
        f"<h1>{title} API</h1><p>The same as a schema: <a href='/openapi.json'>/openapi.json</a>. To try it:</p>"
        f"<pre>{escape(_EXAMPLE)}</pre>{operations}<h1>Models</h1>{models}</html>"
    )


def _operation(path: str, verb: str, operation: Mapping[str, Any]) -> str:
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td></tr>"
        for status, answer in sorted(operation.get("responses", {}).items())
    )
    text = escape(operation.get("description", operation.get("summary", "")))
    return (
        f"<h2><span class='verb'>{escape(verb)}</span><code>{escape(path)}</code></h2><p>{text}</p>"
        f"<table><tr><th>Status</th><th>Answer</th></tr>{answers}</table>"
    )


def _model(name: str, model: Mapping[str, Any]) -> str:
    if "enum" in model:
        values = ", ".join(f"<code>{escape(str(value))}</code>" for value in model["enum"])
        return f"<details id='{escape(name)}'><summary><b>{escape(name)}</b></summary><p>one of {values}</p></details>"
    required = set(model.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code>{' *' if field in required else ''}</td><td>{_kind(described)}</td></tr>"
        for field, described in model.get("properties", {}).items()
    )
    text = escape(model.get("description", ""))
    return (
        f"<details id='{escape(name)}'><summary><b>{escape(name)}</b></summary><p>{text}</p>"
        f"<table><tr><th>Field (* required)</th><th>Content</th></tr>{rows}</table></details>"
    )


def _kind(described: Mapping[str, Any]) -> str:
    """A field's type in words, with links to the models it names."""
    if "$ref" in described:
        name = escape(described["$ref"].rsplit("/", 1)[-1])
        return f"<a href='#{name}'>{name}</a>"
    if "anyOf" in described:
        return " or ".join(_kind(option) for option in described["anyOf"])
    if described.get("type") == "array":
        return f"array of {_kind(described.get('items', {}))}"
    limits = {
        key: described[key]
        for key in ("pattern", "minimum", "maximum", "maxLength", "default")
        if key in described
    }
    suffix = "".join(f", {key} <code>{escape(str(value))}</code>" for key, value in limits.items())
    return escape(str(described.get("type", "any"))) + suffix
