"""Readers, checks and splits of the rows that models learn from."""
