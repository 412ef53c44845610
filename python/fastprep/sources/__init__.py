"""What sources of `scan.py` need: data in memory as the core reads it, and the functions by name."""
