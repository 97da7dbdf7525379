"""From strings to ids of words, sub-words and n-grams, by graph ops alone."""
