"""Ending executions before their time."""

from app.models import User
from app.runtime import Runtime
from app.services.executions import get_execution
from engine.events import ENDED
from engine.models import Execution

PATIENCE = 1.5  # seconds to wait for the end; steps are given up within one


async def cancel_execution(rt: Runtime, user: User, execution_id: str) -> Execution:
    """Have an execution end, and those that it has started; return it as it is then. Safe to call again."""
    execution = await get_execution(rt, user, execution_id, to="write")
    if execution.status in ENDED:
        return execution
    for id_ in await rt.mailbox.request_cancel(execution_id, rt.engine_clock.now()):
        await rt.worker.wake(id_)
    await rt.worker.wait(execution_id, PATIENCE)
    return await get_execution(rt, user, execution_id)
