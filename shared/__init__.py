"""What every service stands on: time, database, log, HTTP conventions. No business words but the event contracts."""
