"""One function per intention. Each changes rows, adds the audit entry and the event, and never commits."""
