"""Decisions: policies learned by acting."""
