"""What comes from outside: files that offices send."""
