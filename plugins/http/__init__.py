"""HTTP: any service that has no plugin of its own."""

from engine.sdk import Field, Option, Output, Plugin, step
from plugins.http.steps import METHODS, request

PLUGIN = Plugin(
    name="http",
    display_name="HTTP",
    description="Call any service over HTTP.",
    steps=(
        step(
            request,
            name="request",
            label="HTTP Request",
            description="Send a request and read the answer.",
            fields=(
                Field(
                    name="method",
                    label="Method",
                    kind="select",
                    required=True,
                    default="GET",
                    options=tuple(Option(value=method, label=method) for method in METHODS),
                ),
                Field(
                    name="url",
                    label="URL",
                    required=True,
                    binding="url",
                    placeholder="https://api.example.com/companies/{{ trigger.id }}",
                    help="Values within the URL are percent-encoded.",
                ),
                Field(name="query", label="Query", kind="key-value", help="Added to the URL after the question mark."),
                Field(name="headers", label="Headers", kind="key-value", binding="line"),
                Field(
                    name="body_type",
                    label="Body type",
                    kind="select",
                    default="json",
                    options=(
                        Option(value="json", label="JSON"),
                        Option(value="form", label="Form"),
                        Option(value="text", label="Text"),
                        Option(value="none", label="None"),
                    ),
                ),
                Field(
                    name="body",
                    label="Body",
                    kind="textarea",
                    binding="json",
                    binding_when=("body_type", "json|form"),
                    placeholder='{"name": {{ trigger.name }}}',
                    help="In JSON a {{ }} outside quotes becomes a value, inside quotes text.",
                ),
                Field(
                    name="fail_on_status",
                    label="Fail on status 400 and above",
                    kind="boolean",
                    default=True,
                    help="Switch off to decide by the status in the next step.",
                ),
                Field(name="follow_redirects", label="Follow redirects", kind="boolean", default=True),
            ),
            outputs=(
                Output(name="status", description="The status code, such as 200"),
                Output(name="headers", description="The headers by name in lower case"),
                Output(name="body", description="JSON as a value, else text; binary data as {base64}"),
                Output(name="url", description="The URL that answered, after all redirects"),
            ),
        ),
    ),
)
