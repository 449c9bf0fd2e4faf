"""Code: what no other step does, in Python."""

from engine.sdk import Field, Plugin, step
from plugins.code.steps import run_python

PLUGIN = Plugin(
    name="code",
    display_name="Code",
    description="Write a step of your own.",
    steps=(
        step(
            run_python,
            name="python",
            label="Python",
            description="Run Python; the last expression is the output.",
            fields=(
                Field(
                    name="code",
                    label="Code",
                    kind="code",
                    required=True,
                    binding="source",
                    placeholder='total = sum(order.total for order in orders.body)\n{"total": total}',
                    help="Sees the outputs of the nodes before it by their ids. print writes to the log. "
                    "Up to 10 seconds and 128 MiB; no files and no network.",
                ),
            ),
        ),
    ),
)
