"""The HTTP edge that every service has in common; calls to the outside are in `outgoing`."""
