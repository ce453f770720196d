"""Settings of the finance service: those of every process."""

from shared.runtime.settings import Settings


class FinanceSettings(Settings):
    """The common settings alone: what may be spent follows from decisions, not from the operator."""
