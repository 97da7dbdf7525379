"""Recommendations from the texts of items and from what users did."""
