"""Logic: which way a workflow goes."""

from engine.sdk import Field, Output, Plugin, step
from plugins.logic.steps import check_condition

PLUGIN = Plugin(
    name="logic",
    display_name="Logic",
    description="Decide which way the workflow goes.",
    steps=(
        step(
            check_condition,
            name="condition",
            label="Condition",
            description="Go one way if it is true, the other if it is false.",
            node_type="condition",
            handles=("true", "false"),
            fields=(
                Field(
                    name="expression",
                    label="Condition",
                    kind="expression",
                    required=True,
                    binding="source",
                    placeholder="company.body.score >= 8",
                    help="Python that gives True or False; no braces needed.",
                ),
            ),
            outputs=(Output(name="value", description="true or false"),),
        ),
    ),
)
