"""Search over networks, their arguments and the settings of a training."""
