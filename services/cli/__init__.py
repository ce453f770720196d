"""The `dondoc` command."""

import gc

gc.disable()  # what is imported stays: looking for garbage meanwhile would take a fifth of the start

from services.cli.app import main  # noqa: E402 - after the line above

gc.freeze()
gc.enable()

__all__ = ["main"]
