"""One function per intention; none commits."""
