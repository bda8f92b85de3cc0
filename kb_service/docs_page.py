"""/openapi.json completed (problems, ways to sign in); /docs: the same for people, without scripts or other hosts."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kb_service.problems import PROBLEM_SCHEMA

METHODS = ("get", "post", "put", "patch", "delete")
SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: kb_sk_… or, for widgets, kb_pk_…"},
    "session": {"type": "apiKey", "in": "cookie", "name": "kb_session", "description": "A browser that signed in."},
}
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
code{font:14px ui-monospace,monospace;overflow-wrap:anywhere}section{margin:2.5rem 0}
details{border:1px solid #8886;border-radius:6px;margin:.5rem 0;padding:.5rem .75rem}summary{cursor:pointer}
.method{display:inline-block;min-width:4.5rem;font-weight:700;text-transform:uppercase}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0}
pre{white-space:pre-wrap}@media(prefers-color-scheme:dark){body{background:#16181d;color:#e8e8ea}a{color:#8ab8ff}}"""


def install(app: FastAPI) -> None:
    """Complete the OpenAPI and serve the page."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(_generate(app))
        return app.openapi_schema

    def page(_request: Request) -> Response:
        return HTMLResponse("".join(_render(openapi())))

    def style(_request: Request) -> Response:
        return Response(STYLE, media_type="text/css")

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the schema
    app.add_route("/docs", page, include_in_schema=False)
    app.add_route("/docs/style.css", style, include_in_schema=False)


def _generate(app: FastAPI) -> dict[str, Any]:
    return get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["securitySchemes"] = SECURITY
    schema["security"] = [{}, {"key": []}, {"session": []}]
    return schema


def _render(schema: dict[str, Any]) -> Iterator[str]:
    title = escape(schema["info"]["title"])
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
    yield "<meta name=viewport content='width=device-width'><link rel=stylesheet href=/docs/style.css>"
    yield f"<h1>{title} {escape(schema['info']['version'])}</h1><pre>{escape(schema['info']['description'])}</pre>"
    yield "<p><a href=/openapi.json>openapi.json</a></p>"
    for tag in schema.get("tags", []):
        yield f"<section><h2>{escape(tag['name'])}</h2><p>{escape(tag.get('description', ''))}</p>"
        for path, method, operation in _operations(schema, tag["name"]):
            yield from _render_operation(path, method, operation)
        yield "</section>"
    yield "<section><h2>Shapes</h2>"
    for name, shape in sorted(schema["components"]["schemas"].items()):
        words = escape(shape.get("description", ""))
        yield f"<details id='{escape(name)}'><summary><code>{escape(name)}</code> {words}</summary>"
        yield from _render_fields(shape)
        yield "</details>"
    yield "</section></html>"


def _operations(schema: dict[str, Any], tag: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods and tag in methods[method].get("tags", []):
                yield path, method, methods[method]


def _render_operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<details><summary><span class=method>{method}</span> <code>{escape(path)}</code> "
    yield f"{escape(operation.get('summary', ''))}</summary><p>{escape(operation.get('description', ''))}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>Parameter<th>In<th>Type<th>"
        for parameter in parameters:
            cells = (parameter["name"], parameter["in"], _type(parameter["schema"]), parameter.get("description", ""))
            yield "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells)
        yield "</table>"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body: {_link(content.get('schema', {}))} <code>{escape(media)}</code></p>"
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            yield f"<p>{escape(status)}: {_link(content.get('schema', {}))} {escape(answer['description'])}</p>"
    yield "</details>"


def _render_fields(shape: dict[str, Any]) -> Iterator[str]:
    required = shape.get("required", [])
    yield "<table><tr><th>Field<th>Type<th>"
    for name, field in shape.get("properties", {}).items():
        yield f"<tr><td><code>{escape(name)}</code>{'' if name in required else ' (optional)'}<td>{_link(field)}"
        yield f"<td>{escape(field.get('description', ''))}"
    yield "</table>"


def _link(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f"<a href='#{escape(name)}'>{escape(name)}</a>" if name else f"<code>{escape(_type(schema))}</code>"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    inner = f" of {_type(schema['items'])}" if isinstance(schema.get("items"), dict) else ""
    return f"{schema.get('type', 'any')}{inner}"
