"""Values and rules of following up a deadline: no database, no clock, no network."""
