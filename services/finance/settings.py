"""Settings of the finance service: those of every process."""

from shared.runtime.settings import Settings


class FinanceSettings(Settings):
    """Nothing of its own: what may be spent is told by decisions, not by whoever operates the service."""
