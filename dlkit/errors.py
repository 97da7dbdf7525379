"""The one error a user's mistake ends in."""


class InputError(ValueError):
    """Input that a user can mend: names the argument, the rule, what came and the fix.

    The command line prints it without a traceback and exits with code 2.
    """
