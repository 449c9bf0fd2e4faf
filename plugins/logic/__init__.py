"""Logic: which way a workflow goes, how often, and how its ways come together."""

from engine.sdk import Field, Option, Output, Plugin, step
from plugins.logic.loops import MAX_CONCURRENCY, MAX_ITERATIONS, for_each, repeat
from plugins.logic.merge import merge
from plugins.logic.steps import DEFAULT, check_cases, check_condition, ends_of_cases, switch

CONDITION = step(
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
)

SWITCH = step(
    switch,
    name="switch",
    label="Switch",
    description="Go one of several ways, or more than one.",
    handles=(DEFAULT,),
    handles_of=ends_of_cases,
    check=check_cases,
    fields=(
        Field(
            name="value",
            label="Value",
            kind="json",
            allows_text=True,
            placeholder="{{ order.body.total }}",
            help="What the cases look at, as value.",
        ),
        Field(
            name="cases",
            label="Cases",
            kind="json",
            required=True,
            sees=("value",),
            source_keys=("when",),
            placeholder='[{"name": "large", "when": "value > 100"}]',
            help="Each has a name and, in when, Python that gives True or False; no braces needed. "
            "If no case applies, it goes on at default.",
        ),
        Field(
            name="mode",
            label="Take",
            kind="select",
            default="first",
            options=(
                Option(value="first", label="The first case that applies"),
                Option(value="all", label="All cases that apply"),
            ),
        ),
    ),
    outputs=(Output(name="matched", description="The names of the cases that apply"),),
)

FOR_EACH = step(
    for_each,
    name="for-each",
    label="For each",
    description="Run the nodes in it once for each entry of a list.",
    node_type="group",
    fields=(
        Field(
            name="items",
            label="List",
            kind="json",
            required=True,
            binding="json",
            placeholder="{{ orders.body }}",
            help="The nodes in it see each entry as item, and its place as index. "
            "The output is the list of what they give.",
        ),
        Field(
            name="concurrency",
            label="At the same time",
            kind="number",
            default=1,
            minimum=1,
            maximum=MAX_CONCURRENCY,
            is_whole=True,
            help=f"How many entries are worked on side by side, up to {MAX_CONCURRENCY}.",
        ),
    ),
)

REPEAT = step(
    repeat,
    name="repeat",
    label="Repeat",
    description="Run the nodes in it again and again until a condition is true.",
    node_type="group",
    fields=(
        Field(
            name="until",
            label="Until",
            kind="expression",
            required=True,
            binding="source",
            sees=("index",),
            placeholder='job.body.status == "done"',
            help="Python that gives True or False after each round; it sees the nodes in it, and index from 0.",
        ),
        Field(
            name="max_iterations",
            label="At most",
            kind="number",
            default=100,
            minimum=1,
            maximum=MAX_ITERATIONS,
            is_whole=True,
            help=f"How many rounds, up to {MAX_ITERATIONS:,}. The output is what the last one gave.",
        ),
    ),
)

MERGE = step(
    merge,
    name="merge",
    label="Merge",
    description="Make one list of two.",
    fields=(
        Field(
            name="mode",
            label="How",
            kind="select",
            default="append",
            options=(
                Option(value="append", label="One after the other"),
                Option(value="by_position", label="First with first, second with second"),
                Option(value="by_key", label="By a field that both have"),
            ),
            help="Two objects become one with the fields of both; where both have a field, the right one's stays.",
        ),
        Field(name="left", label="Left", kind="json", required=True, binding="json", placeholder="{{ orders.body }}"),
        Field(name="right", label="Right", kind="json", required=True, binding="json", placeholder="{{ users.body }}"),
        Field(
            name="key",
            label="Key",
            required=True,
            show_when=("mode", "by_key"),
            placeholder="user_id",
            help="Entries with the same value belong together: each pair of them gives one. null equals nothing.",
        ),
        Field(
            name="join",
            label="Without a partner",
            kind="select",
            default="inner",
            show_when=("mode", "by_position|by_key"),
            options=(
                Option(value="inner", label="Leave out"),
                Option(value="left", label="Keep those of the left list"),
                Option(value="outer", label="Keep all"),
            ),
            help="What becomes of an entry that has none in the other list. Those of the right list come last.",
        ),
    ),
)

PLUGIN = Plugin(
    name="logic",
    display_name="Logic",
    description="Decide which way the workflow goes.",
    steps=(CONDITION, SWITCH, FOR_EACH, REPEAT, MERGE),
)
