"""The `dondoc` command."""

from services.cli.app import main

__all__ = ["main"]
