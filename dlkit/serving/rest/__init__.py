"""TensorFlow Serving's REST format: JSON to tensors and back, with its words for errors."""
