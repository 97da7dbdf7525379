"""The page that shows what the monitor sees."""
