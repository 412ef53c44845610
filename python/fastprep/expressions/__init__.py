"""Polars expressions as steps of a plan: proven row-wise, written as JSON, evaluated batch by batch."""
