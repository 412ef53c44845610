"""What people see of a run: its report, and a preview of rows."""
