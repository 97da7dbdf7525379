"""Finance monitor: topic and sentiment of each text."""
