"""Surges of negative texts: found against a level that knows the calendar, within a budget."""
