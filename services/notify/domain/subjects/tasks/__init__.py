"""Tasks: the milestones of a deadline, whom they are sent to, and how they are worded."""
