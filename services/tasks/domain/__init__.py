"""Rules of tasks: values in, decisions out. No database, no clock, no network."""
