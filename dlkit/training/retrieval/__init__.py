"""Learning which items a user takes next, from histories and from the texts of items."""
