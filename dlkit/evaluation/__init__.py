"""How good a model is: exact metrics, calibration, baselines and the report."""
