"""One function per intention. Each changes rows and adds events in the caller's transaction; none commits."""
