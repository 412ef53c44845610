"""What the sources in `scan.py` are made from: data in memory as the core reads it, and a registry of the sources."""
