"""A process whose machine's clock is ahead or behind, by libfaketime (Debian: faketime)."""

from pathlib import Path


class FaketimeAbsent(Exception): ...


def clock_off_by(seconds: float) -> dict[str, str]:
    """Variables of a process whose wall clock differs by so much; time-outs, which use the monotonic clock, stay right."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise FaketimeAbsent("libfaketime is not on this machine")
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME": f"{seconds:+}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
