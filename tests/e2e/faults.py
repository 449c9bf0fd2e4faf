"""What no page may do: raise, write an error to the console, or ask another origin for anything."""

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request

from tests.e2e.server import Server

# Said by the browser, not by us, whenever the size of something that is watched changes twice in a frame.
HARMLESS = ("ResizeObserver loop",)


class Faults(list[str]):
    """The faults of all pages of a test; losing the server while it is down is none."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def watch(self, context: BrowserContext) -> None:
        """Note the faults of every page that the context opens."""
        context.on("page", self._watch_page)
        context.on("request", self._check_request)

    def _watch_page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("console", self._check_console)

    def _check_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url')})")

    def _check_request(self, request: Request) -> None:
        if not request.url.startswith((self._server.url, "data:", "blob:")):
            self._note(f"request to another origin: {request.url}")

    def _note(self, fault: str) -> None:
        is_lost_connection = "ERR_CONNECTION" in fault or "WebSocket" in fault
        if not any(word in fault for word in HARMLESS) and not (is_lost_connection and self._server.has_been_down):
            self.append(fault)
