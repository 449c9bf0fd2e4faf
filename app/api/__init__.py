"""The REST routes: read the request, call one service, answer."""
