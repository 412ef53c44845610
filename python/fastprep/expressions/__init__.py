"""Polars expressions as steps of a plan: proven row-wise, kept as JSON, evaluated batch by batch."""
