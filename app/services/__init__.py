"""The use cases: plain async functions that pages, routes and commands share."""
