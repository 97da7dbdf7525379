"""Fitting, and the folder that a run leaves."""
