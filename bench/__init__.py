"""What is measured against what: one module per figure, each with `figures()`. `make bench` runs them all."""
