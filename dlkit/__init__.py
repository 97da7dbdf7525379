"""Rows in, a measured and calibrated Keras network out."""
