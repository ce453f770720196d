"""Tasks: the milestones of a deadline, the agencies that are reminded, and the messages."""
