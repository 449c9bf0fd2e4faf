"""Wrapped React components, nothing else."""
