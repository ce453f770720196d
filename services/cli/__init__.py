"""The `dondoc` command."""

import gc

gc.disable()  # what is imported stays: looking for garbage meanwhile would take a fifth of the start

try:
    from services.cli.app import main
except KeyboardInterrupt:  # Ctrl-C while the modules are loaded, which takes a second
    raise SystemExit(130) from None

gc.freeze()
gc.enable()

__all__ = ["main"]
