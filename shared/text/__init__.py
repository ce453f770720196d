"""Text as people write it: characters, folding to ASCII, dates, the nearest known name."""
