"""What a caller did wrong, in the words of TensorFlow Serving."""


class RestError(Exception):
    """A request that gets no answer.

    Args:
        message: The value of `error` in the body.
        status: HTTP status, 400 unless said otherwise.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
