"""Glue's own transforms are not here; use Spark's DataFrame operations."""
