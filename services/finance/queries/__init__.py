"""Every read of the finance service."""
