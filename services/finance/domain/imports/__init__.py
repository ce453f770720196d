"""Imports of Treasury files: cells, rows, vouchers and totals."""
