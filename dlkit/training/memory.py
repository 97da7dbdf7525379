"""How much memory a process has taken."""

import resource
import sys


def peak_memory_mb() -> float:
    """Returns the most memory that this process has held, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 if sys.platform != "darwin" else 1024**2), 1)
