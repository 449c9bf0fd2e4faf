"""Flow: when a workflow goes on, who lets it, and where it ends."""

from engine.sdk import Field, Option, Output, Plugin, step
from plugins.flow.steps import end_run_workflow, run_workflow, stop
from plugins.flow.waits import (
    LONGEST,
    SHORTEST,
    ask_approval,
    check_written_delay,
    delay,
    end_approval,
    end_delay,
    end_wait_for_webhook,
    wait_for_webhook,
)

DELAY = step(
    delay,
    name="delay",
    label="Delay",
    description="Go on after a while, or at a moment.",
    check=check_written_delay,
    resume=end_delay,
    fields=(
        Field(
            name="seconds",
            label="Seconds",
            kind="number",
            maximum=LONGEST,
            placeholder="3600",
            help="Up to 365 days; if it is computed and comes out negative, it goes on at once.",
        ),
        Field(
            name="until",
            label="Until",
            placeholder="2026-12-01T08:00:00+01:00",
            help="A moment in ISO 8601 instead of seconds; in UTC if it names no zone. One that has passed is now.",
        ),
    ),
    outputs=(Output(name="resumed_at", description="When it went on"),),
)

APPROVAL = step(
    ask_approval,
    name="approval",
    label="Approval",
    description="Wait until somebody approves or rejects.",
    handles=("approved", "rejected", "timeout"),
    resume=end_approval,
    fields=(
        Field(
            name="message",
            label="Message",
            kind="textarea",
            required=True,
            placeholder="Refund {{ order.body.total }} to {{ order.body.customer }}?",
            help="What the approvers are asked.",
        ),
        Field(
            name="approvers",
            label="Approvers",
            kind="json",
            allows_text=True,
            placeholder="alice@example.com, bob@example.com",
            help="Their e-mail addresses; one of them decides. The owner of the workflow if empty.",
        ),
        Field(
            name="timeout",
            label="Time limit in seconds",
            kind="number",
            minimum=SHORTEST,
            maximum=LONGEST,
            placeholder="86400",
            help="Then it goes on at timeout; up to 365 days. Without one it waits as long as it takes.",
        ),
    ),
    outputs=(
        Output(name="decision", description="approved, rejected or timeout"),
        Output(name="by", description="Who decided"),
        Output(name="comment", description="What they said about it"),
        Output(name="at", description="When they decided"),
    ),
)

WAIT_FOR_WEBHOOK = step(
    wait_for_webhook,
    name="wait-for-webhook",
    label="Wait for webhook",
    description="Wait for a request to a URL of this execution's own.",
    resume=end_wait_for_webhook,
    fields=(
        Field(
            name="timeout",
            label="Time limit in seconds",
            kind="number",
            minimum=SHORTEST,
            maximum=LONGEST,
            placeholder="86400",
            help="Then it fails; up to 365 days. Without one it waits as long as it takes.",
        ),
    ),
    outputs=(
        Output(name="method", description="The method, such as POST"),
        Output(name="path", description="The path of the URL"),
        Output(name="query", description="What stood after the question mark"),
        Output(name="headers", description="The headers by name in lower case"),
        Output(name="body", description="JSON as a value, else text"),
    ),
)

RUN_WORKFLOW = step(
    run_workflow,
    name="run-workflow",
    label="Run workflow",
    description="Run another workflow as one step of this one.",
    resume=end_run_workflow,
    fields=(
        Field(name="workflow", label="Workflow", required=True, placeholder="wf_…", help="The id of the workflow."),
        Field(
            name="input",
            label="Input",
            kind="json",
            binding="json",
            default={},
            placeholder='{"name": {{ lead.name }}}',
            help="What its trigger gives.",
        ),
        Field(
            name="wait",
            label="Wait for its end",
            kind="boolean",
            default=True,
            help="Then its result is the output; else the output is its execution_id.",
        ),
    ),
)

STOP = step(
    stop,
    name="stop",
    label="Stop",
    description="End the whole workflow here.",
    fields=(
        Field(
            name="status",
            label="As",
            kind="select",
            default="succeeded",
            options=(Option(value="succeeded", label="Succeeded"), Option(value="failed", label="Failed")),
        ),
        Field(
            name="message",
            label="Message",
            kind="textarea",
            show_when=("status", "failed"),
            placeholder="There is no order {{ trigger.id }}.",
            help="Why it failed.",
        ),
        Field(name="result", label="Result", kind="json", allows_text=True, placeholder="{{ total }}"),
    ),
)

PLUGIN = Plugin(
    name="flow",
    display_name="Flow",
    description="Wait, ask, run other workflows, and stop.",
    steps=(DELAY, APPROVAL, WAIT_FOR_WEBHOOK, RUN_WORKFLOW, STOP),
)
