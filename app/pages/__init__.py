"""The pages, each with its state."""
