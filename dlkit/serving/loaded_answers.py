"""Loads a SavedModel with TensorFlow alone and prints its answers as JSON.

Run as a script, so that nothing of this package is imported: what it loads, any reader loads.
Standard input is one JSON object: a list of values by the name of the input.
"""

import json
import sys

import tensorflow as tf


def main() -> None:
    """Prints one object: a list of values by the name of the answer."""
    serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
    specs = serve.structured_input_signature[1]
    inputs = {
        name: tf.constant(values, specs[name].dtype)
        for name, values in json.load(sys.stdin).items()
    }
    answers = serve(**inputs)
    values = {name: value.numpy().tolist() for name, value in answers.items()}
    json.dump(values, sys.stdout, default=bytes.decode)


if __name__ == "__main__":
    main()
