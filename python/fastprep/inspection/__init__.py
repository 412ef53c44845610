"""What `Pipeline.inspect` finds, and its text for people."""
