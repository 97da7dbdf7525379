"""Applications of dlkit."""
