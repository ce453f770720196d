"""Every read of the notify service."""
