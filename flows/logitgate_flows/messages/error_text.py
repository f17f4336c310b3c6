"""The text of an error that ends a run: a trace only on demand, as it may quote a person's values."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from logitgate.errors import LogitgateError, UnforeseenError
from logitgate.redaction import without_secrets


def in_words(error: Exception) -> str:
    """Return the sentence of our own error, or else the kind and the place of a foreign one."""
    return str(error if isinstance(error, LogitgateError) else _unforeseen(error))


@contextmanager
def in_our_words() -> Iterator[None]:
    """Let no foreign error out of the block as it is: Prefect keeps the text of whatever ends a flow or task.

    Raises
    ------
    UnforeseenError
        In its place, which comes from it.
    """
    try:
        yield
    except LogitgateError:
        raise
    except Exception as error:
        raise _unforeseen(error) from error


def _unforeseen(error: Exception) -> UnforeseenError:
    rule = f"{type(error).__name__} at {_innermost(error)}"
    return UnforeseenError("unforeseen", rule, "set LOGITGATE_DEBUG=1 to see the whole trace")


def whole_trace(error: BaseException) -> str:
    """Return the trace of an error and of those it comes from; addresses are shown without their secrets."""
    return without_secrets("".join(traceback.format_exception(error)))


def _innermost(error: BaseException) -> str:
    frame: Any = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "unknown place"
