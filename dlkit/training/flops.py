"""How much arithmetic a graph holds."""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf


def count_flops(graph: Any) -> int:
    """Counts the operations of all matrix products and convolutions, read off their shapes.

    A multiplication and an addition are two. What is done element by element or by look-up does
    not count, nor do the bodies of loops.

    Args:
        graph: Of a concrete function, traced for inputs of known shapes.

    Returns:
        Floating-point operations of one run.
    """
    return sum(2 * _PRODUCTS[op.type](op) for op in _needed(graph) if op.type in _PRODUCTS)


def _needed(graph: Any) -> set[tf.Operation]:
    """Returns what outputs and effects come from; gradients that nobody asked for are not run."""
    needed: set[tf.Operation] = set()
    waiting = [*(tensor.op for tensor in graph.outputs), *graph.control_outputs]
    while waiting:
        op = waiting.pop()
        if op not in needed:
            needed.add(op)
            waiting += [*(tensor.op for tensor in op.inputs), *op.control_inputs]
    return needed


def _matmul(op: tf.Operation) -> int:
    left = op.inputs[0].shape.as_list()
    inner = left[0] if op.get_attr("transpose_a") else left[1]
    return _size(op.outputs[0]) * inner


def _batch_matmul(op: tf.Operation) -> int:
    left = op.inputs[0].shape.as_list()
    inner = left[-2] if op.get_attr("adj_x") else left[-1]
    return _size(op.outputs[0]) * inner


def _convolution(op: tf.Operation) -> int:
    return _size(op.outputs[0]) * _window(op.inputs[1])


def _convolution_by_input(op: tf.Operation) -> int:
    return _size(op.inputs[2]) * _window(op.inputs[1])


def _convolution_by_filter(op: tf.Operation) -> int:
    return _size(op.inputs[2]) * _window(op.outputs[0])


def _window(kernel: tf.Tensor) -> int:
    return math.prod(kernel.shape.as_list()[:-1])


def _size(tensor: tf.Tensor) -> int:
    return math.prod(tensor.shape.as_list())


_PRODUCTS: dict[str, Callable[[tf.Operation], int]] = {
    "MatMul": _matmul,
    "BatchMatMulV2": _batch_matmul,
    "BatchMatMulV3": _batch_matmul,
    "Conv2D": _convolution,
    "Conv2DBackpropInput": _convolution_by_input,
    "Conv2DBackpropFilter": _convolution_by_filter,
}
