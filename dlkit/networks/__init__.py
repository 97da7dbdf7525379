"""Functional builders of every kind of network, from inputs to features."""

from dlkit.networks.text import NETWORKS, TextSizes, deep_network, find_network, text_network

__all__ = ["NETWORKS", "TextSizes", "deep_network", "find_network", "text_network"]
