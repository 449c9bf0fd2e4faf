"""How a workflow starts."""

from engine.sdk import Field, Plugin, step
from plugins.trigger.steps import check_form, start_manually

PLUGIN = Plugin(
    name="trigger",
    display_name="Triggers",
    description="Start a workflow.",
    steps=(
        step(
            start_manually,
            name="manual",
            label="Manual",
            description="Start by hand or through the API, with an input of your own.",
            node_type="trigger",
            check=check_form,
            fields=(
                Field(
                    name="fields",
                    label="Input form",
                    kind="schema",
                    help="What to ask for at each start. Without a form any object is taken as it is.",
                ),
            ),
        ),
    ),
)
