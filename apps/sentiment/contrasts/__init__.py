"""Writes sentences that differ in what decides their sentiment."""
