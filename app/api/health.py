"""Is Treadle alive, and can it work?"""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.access import RuntimeOf
from app.services import health

router = APIRouter(prefix="/api", tags=["Health"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/health", summary="The process is alive")
async def alive() -> Health:
    return Health()


@router.get("/ready", summary="The database is reachable and its tables are up to date")
async def ready(rt: RuntimeOf) -> Health:
    await health.check_ready(rt)
    return Health()
