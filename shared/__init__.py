"""Code of all services: time, database, log, HTTP conventions. No business words but the event contracts."""
