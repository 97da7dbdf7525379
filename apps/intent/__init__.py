"""Customer service: which intent a question has, and when it has none."""
