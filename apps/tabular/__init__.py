"""Classes and numbers from the columns of a table."""
