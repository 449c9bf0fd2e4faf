"""The URL that a waiting execution gives out: whoever has it may call it once, with any method."""

from fastapi import APIRouter, Request

from app.api.access import RuntimeOf
from app.api.control import Started
from app.api.requests import read_request
from app.services import answering

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
router = APIRouter(prefix="/api/resume", tags=["Executions"])


async def resume(rt: RuntimeOf, request: Request, token: str) -> Started:
    execution = await answering.resume_execution(rt, token, await read_request(request))
    return Started.model_validate({"execution_id": execution.id, "status": execution.status})


for method in METHODS:
    router.add_api_route(
        "/{token}",
        resume,
        methods=[method],
        operation_id=f"resume_{method.lower()}",
        summary="Give a waiting execution its request",
    )
