"""What `/openapi.json` says about requests and answers that the routes read and write by hand.

Takes: the pydantic models. Gives: OpenAPI fragments. Does not: check requests.
"""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from cases.case import Case
from cases.decision import Decision
from serving.problems import MEDIA_TYPE, Problem
from serving.requests import Options

_REF: Final = "#/components/schemas/{model}"
_MODELS: Final[tuple[type[BaseModel], ...]] = (Case, Options, Decision, Problem)


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REF.format(model=model.__name__)}


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": _ref(Problem)}}}


_DECISION: Final = {"application/json": {"schema": _ref(Decision)}}
_STREAM: Final = {"text/event-stream": {"schema": {"type": "string"}}}

REQUEST_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["case"],
                    "additionalProperties": False,
                    "properties": {"case": _ref(Case), "options": _ref(Options)},
                }
            }
        },
    }
}
DECISION_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The decision, or its stream", "content": {**_DECISION, **_STREAM}},
    202: {"description": "Accepted; read `Location`", "content": _DECISION},
    400: _problem("The body is not JSON"),
    413: _problem("The body is over 1 MiB"),
    422: _problem("Bad fields; `errors` points at each"),
    429: _problem("Too much work is waiting; come back after `Retry-After`"),
    503: _problem("Closing, or the decision log cannot be written; come back after `Retry-After`"),
}
STREAM_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {404: _problem("There is no decision of this id")}


def open_api(app: FastAPI) -> dict[str, Any]:
    """The app's schema with the models that the routes name."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        known = schema.setdefault("components", {}).setdefault("schemas", {})
        for model in _MODELS:
            described = model.model_json_schema(ref_template=_REF)
            known.update(described.pop("$defs", {}))
            known[model.__name__] = described
        app.openapi_schema = schema
    return app.openapi_schema
