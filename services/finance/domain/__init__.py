"""Rules of the ledger, of rates and of printed figures: values in, values out."""
