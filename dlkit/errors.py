"""The errors that a user can mend."""


class InputError(ValueError):
    """Input that a user can mend: names the argument, the rule, what came and the fix.

    The command line prints it without a traceback and exits with code 2.
    """


class DivergenceError(InputError):
    """A training came to no numbers: these settings fail, others on the same data may not."""
