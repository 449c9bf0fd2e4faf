"""Databases: PostgreSQL, MySQL and SQLite by URL."""

from engine.sdk import Field, Output, Plugin, step
from plugins.database.steps import MAX_ROWS, query, test

PLUGIN = Plugin(
    name="database",
    display_name="Database",
    description="Query PostgreSQL, MySQL and SQLite.",
    credentials=(
        Field(
            name="url",
            label="URL",
            kind="secret",
            required=True,
            placeholder="postgresql://user:password@db.example.com/shop",
            help="postgresql://, mysql:// or sqlite:///. Characters such as @ and / in a password are percent-encoded. "
            "A SQLite file lies in the folder databases of Treadle's data folder: sqlite:///shop.db. "
            "With ?sslmode=verify-full (PostgreSQL) or ?ssl-mode=VERIFY_IDENTITY (MySQL) the server's name is checked.",
        ),
    ),
    test=test,
    steps=(
        step(
            query,
            name="query",
            label="Database query",
            description="Run SQL and give its rows.",
            fields=(
                Field(
                    name="query",
                    label="SQL",
                    kind="textarea",
                    required=True,
                    binding="sql",
                    placeholder="SELECT * FROM orders WHERE customer = {{ trigger.customer }} AND id IN {{ ids }}",
                    help="One statement. A {{ }} is bound as a value: no quotes around it. A list goes after IN.",
                ),
                Field(
                    name="parameters",
                    label="Parameters",
                    kind="key-value",
                    help="Values for :name in the SQL, instead of {{ }} in it.",
                ),
                Field(
                    name="read_only",
                    label="Read only",
                    kind="boolean",
                    default=True,
                    help="The database refuses to change anything. Switch off to write.",
                ),
                Field(
                    name="max_rows",
                    label="Rows at most",
                    kind="number",
                    default=1_000,
                    minimum=1,
                    maximum=MAX_ROWS,
                    is_whole=True,
                    help=f"Up to {MAX_ROWS:,}; further rows are left out. Ask for a page at a time with LIMIT, OFFSET.",
                ),
            ),
            outputs=(
                Output(name="rows", description="The rows, each an object with its columns"),
                Output(name="count", description="How many rows these are, or how many were changed"),
            ),
            result="table",
        ),
    ),
)
