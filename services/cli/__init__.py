"""The `dondoc` command."""

import gc

gc.disable()  # imported modules stay: collecting during the import takes a fifth of the start-up time

try:
    from services.cli.app import main
except KeyboardInterrupt:  # Ctrl-C while the modules are loaded, which takes a second
    raise SystemExit(130) from None

gc.freeze()
gc.enable()

__all__ = ["main"]
