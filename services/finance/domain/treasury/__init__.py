"""Treasury files: their cells, rows, vouchers and totals."""
