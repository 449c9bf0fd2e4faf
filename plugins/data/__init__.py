"""Data: small transforms on objects and lists, for people who don't write Python."""

from engine.sdk import Field, Option, Plugin, step
from plugins.data.steps import aggregate, filter_items, limit, set_fields, sort, split

ITEMS = Field(
    name="items",
    label="List",
    kind="json",
    required=True,
    binding="json",
    placeholder="{{ orders.body }}",
    help="The list to work on.",
)


def _expression(name: str, label: str, *, placeholder: str, help: str, required: bool = False) -> Field:
    return Field(
        name=name,
        label=label,
        kind="expression",
        required=required,
        binding="source",
        sees=("item", "index"),
        placeholder=placeholder,
        help=help,
    )


PLUGIN = Plugin(
    name="data",
    display_name="Data",
    description="Shape objects and lists.",
    steps=(
        step(
            set_fields,
            name="set-fields",
            label="Set fields",
            description="Make an object of the fields that you name.",
            fields=(
                Field(
                    name="fields",
                    label="Fields",
                    kind="key-value",
                    required=True,
                    help="The output has these fields and no others. A value that is one {{ }} keeps its type.",
                ),
            ),
        ),
        step(
            filter_items,
            name="filter",
            label="Filter",
            description="Keep the entries of a list that fulfil a condition.",
            fields=(
                ITEMS,
                _expression(
                    "condition",
                    "Keep if",
                    placeholder='item.status == "paid"',
                    help="Python that gives True or False for each item; index counts from 0.",
                    required=True,
                ),
            ),
        ),
        step(
            sort,
            name="sort",
            label="Sort",
            description="Put the entries of a list in order.",
            fields=(
                ITEMS,
                _expression("by", "By", placeholder="item.total", help="What to compare; the item itself if empty."),
                Field(
                    name="order",
                    label="Order",
                    kind="select",
                    default="ascending",
                    options=(
                        Option(value="ascending", label="Ascending"),
                        Option(value="descending", label="Descending"),
                    ),
                ),
            ),
        ),
        step(
            limit,
            name="limit",
            label="Limit",
            description="Keep the first entries of a list.",
            fields=(
                ITEMS,
                Field(
                    name="count",
                    label="How many",
                    kind="number",
                    required=True,
                    default=10,
                    minimum=0,
                    is_whole=True,
                ),
            ),
        ),
        step(
            aggregate,
            name="aggregate",
            label="Aggregate",
            description="Make one value of a list: a sum, an average, a count.",
            fields=(
                ITEMS,
                Field(
                    name="operation",
                    label="Operation",
                    kind="select",
                    required=True,
                    default="sum",
                    options=(
                        Option(value="sum", label="Sum"),
                        Option(value="average", label="Average"),
                        Option(value="min", label="Smallest"),
                        Option(value="max", label="Largest"),
                        Option(value="count", label="Count"),
                        Option(value="list", label="List of the values"),
                    ),
                ),
                _expression("value", "Value", placeholder="item.total", help="Of each item; the item itself if empty."),
            ),
        ),
        step(
            split,
            name="split",
            label="Split",
            description="Cut a list into lists of one size.",
            fields=(
                ITEMS,
                Field(name="size", label="Size", kind="number", required=True, default=100, minimum=1, is_whole=True),
            ),
        ),
    ),
)
