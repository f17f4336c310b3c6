"""What logitgate says when it refuses, and the exit code that goes with it."""

from __future__ import annotations

from .redaction import without_secrets


class LogitgateError(Exception):
    """The root of every refusal: who is meant, which rule, what to do; passwords and tokens are taken out.

    Parameters
    ----------
    subject : str
        What the refusal is about: a key of the project file, a column, a file, a model version.
    rule : str
        Which rule was broken, with the figure that broke it; never a person's values.
    remedy : str
        What to do about it.
    state : str
        What has become of the champion, for programs, where the refusal is about that.
    """

    exit_code = 3

    def __init__(self, subject: str, rule: str, remedy: str, state: str = "") -> None:
        subject, rule, remedy = (without_secrets(words) for words in (subject, rule, remedy))
        super().__init__(f"{subject}: {rule}; {remedy}")
        self.subject = subject
        self.rule = rule
        self.remedy = remedy
        self.state = state

    def __reduce__(self) -> tuple[type[LogitgateError], tuple[str, str, str, str]]:
        """Survive the way through another process."""
        return type(self), (self.subject, self.rule, self.remedy, self.state)


class ProjectError(LogitgateError):
    """The project file or the command line is wrong."""

    exit_code = 2


class DataError(LogitgateError):
    """The rows are not what the project promises, so nothing is learned from them."""

    exit_code = 1


class FitError(LogitgateError):
    """The rows do not determine a logistic model: separation, no convergence, ill-conditioning."""

    exit_code = 1


class UnavailableError(LogitgateError):
    """A store, server or file that the work needs cannot be reached."""

    exit_code = 3


class NoAnswerError(UnavailableError):
    """Somebody was asked and stayed silent until the limit; asking again would only wait again."""


class HeldError(UnavailableError):
    """Somebody else holds what only one may hold."""


class RefusedError(LogitgateError):
    """What was asked for is not proven, or there is nothing in production that it could be done to."""

    exit_code = 1


class ConflictError(LogitgateError):
    """Somebody else changed what this work was judged against."""

    exit_code = 4


class UnforeseenError(LogitgateError):
    """Something that no rule of ours covers; only its kind and place are said, its text may quote a cell."""
