"""The base of every process: clock, database, settings, loops, health, metrics, logs."""
