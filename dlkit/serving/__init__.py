"""Answers out of a trained model: in this process, or as a SavedModel."""
