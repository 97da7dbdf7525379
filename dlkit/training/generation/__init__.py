"""Networks that make data, and how they are trained."""
