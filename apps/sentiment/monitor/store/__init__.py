"""What the monitor keeps: texts with scores, counts, alerts, and where to go on."""
