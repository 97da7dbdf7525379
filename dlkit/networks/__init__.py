"""Functional builders of every kind of network, from inputs to features."""

from dlkit.networks.text import NETWORKS, TextSizes, find_network, text_network

__all__ = ["NETWORKS", "TextSizes", "find_network", "text_network"]
