"""What a run prints: its report, and a preview of rows."""
