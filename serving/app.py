"""The ASGI application.

Takes: a gateway. Gives: a FastAPI app over it. Does not: start or close the gateway, or listen (`serving.server` does).
"""

import logging

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cases.errors import StoreError, VerdictError
from serving.api import router
from serving.api_schema import open_api
from serving.docs_page import docs_router
from serving.gateway import Gateway
from serving.lifecycle import fault_place
from serving.problems import http_problem, internal_problem, problem_of, problem_response

_log = logging.getLogger(__name__)


def create_app(gateway: Gateway) -> FastAPI:
    """The application over `gateway`, which the routes find as `app.state.gateway`."""
    app = FastAPI(title="Verdict", version="1", docs_url=None, redoc_url=None)
    app.state.gateway = gateway
    app.include_router(router)
    app.include_router(docs_router)
    app.add_exception_handler(VerdictError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_middleware(FaultBarrier)
    app.openapi = lambda: open_api(app)  # type: ignore[method-assign]  # FastAPI's own way to extend its schema
    return app


class FaultBarrier:
    """Answers unforeseen errors with a problem, and logs their place: the server's own traceback may quote a case."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            _log.info("a client left before its request was whole")  # nobody is there to read an answer
        except Exception as error:  # a fault of ours: counted, logged by place, told to the client
            if scope["type"] != "http":
                raise
            _log.error("%s failed: %s", scope["path"], fault_place(error))  # no case text in logs
            scope["app"].state.gateway.parts.metrics.internal_faults.labels("http").inc()
            if not begun:
                await problem_response(internal_problem())(scope, receive, send)


async def _on_error(request: Request, error: Exception) -> Response:
    problem = problem_of(error) if isinstance(error, VerdictError) else internal_problem()
    if isinstance(error, StoreError):
        _log.error("%s refused: %s", request.method, error)  # its message holds no case text
    request.app.state.gateway.parts.metrics.refused.labels(str(problem.status)).inc()
    return problem_response(problem)


async def _on_http_error(request: Request, error: Exception) -> Response:
    found = error if isinstance(error, HTTPException) else HTTPException(500)
    request.app.state.gateway.parts.metrics.refused.labels(str(found.status_code)).inc()
    return problem_response(http_problem(found.status_code, found.detail), dict(found.headers or {}))
