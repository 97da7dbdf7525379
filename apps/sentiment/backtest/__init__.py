"""Replays dated texts with surges put in, and measures who finds them."""
