"""Functional builders of every kind of network, from inputs to features."""

from dlkit.networks.text import NETWORKS, TextSizes, text_network

__all__ = ["NETWORKS", "TextSizes", "text_network"]
