"""Reports on imported files, row by row."""
