"""Rules of the ledger, of rates and of printed figures: pure functions of values."""
