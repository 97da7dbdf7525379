"""Loads a SavedModel with TensorFlow alone and prints its answers as JSON.

Run as a script, so that nothing of this package is imported: what it loads, any reader loads.
Standard input is one JSON object: a list of values by the name of the input; bytes are objects with
the key `b64`.
"""

import base64
import json
import sys

import tensorflow as tf


def main() -> None:
    """Prints one object: a list of values by the name of the answer."""
    serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
    specs = serve.structured_input_signature[1]
    inputs = {
        name: tf.constant(values, specs[name].dtype)
        for name, values in json.load(sys.stdin, object_hook=_bytes).items()
    }
    answers = serve(**inputs)
    values = {name: value.numpy().tolist() for name, value in answers.items()}
    json.dump(values, sys.stdout, default=bytes.decode)


def _bytes(value: dict) -> bytes | dict:
    return base64.b64decode(value["b64"]) if value.keys() == {"b64"} else value


if __name__ == "__main__":
    main()
