"""Treadle's execution engine: knows neither the web nor a plugin."""
