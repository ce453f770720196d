"""Benchmarks: one module per figure, each with `figures()`. `make bench` runs them all."""
