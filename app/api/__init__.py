"""The REST interface: each route reads the request, calls one service and answers."""

from fastapi import FastAPI
from starlette.routing import Route

from app.api import auth, connections, control, docs, executions, forms, health, integrations, resume, workflows
from app.api.body import BodyLimit
from app.api.errors import ErrorAnswer, InternalErrors, add_error_handlers
from app.api.fallback import NothingHere

ROUTERS = (
    auth.router,
    forms.router,
    workflows.router,
    control.router,
    executions.router,
    resume.router,
    connections.router,
    integrations.router,
    health.router,
    docs.router,
)


def create_api() -> FastAPI:
    """The interface of `/api`, described at `/api/openapi.json`."""
    api = FastAPI(
        title="Treadle",
        summary="Visual workflow automation",
        version="0.1.0",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": ErrorAnswer}, 422: {"model": ErrorAnswer}},
    )
    for router in ROUTERS:
        api.include_router(router)
    api.router.routes.append(Route("/api/{path:path}", NothingHere(tuple(api.router.routes))))
    api.add_middleware(BodyLimit)
    api.add_middleware(InternalErrors)  # the last one added is the outermost
    add_error_handlers(api)
    return api
