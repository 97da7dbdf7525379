"""Approved replies to customers' messages, from a file that their owner edits."""
