"""The columns of a table as features: read by the same graph that serves."""
