"""What is said about an error that ends a run: never a trace, which may quote a person's values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logitgate.errors import LogitgateError


def in_words(error: Exception) -> str:
    """Return the sentence of our own error, or else the kind and the place of a strange one."""
    if isinstance(error, LogitgateError):
        return str(error)
    return f"{type(error).__name__} at {_innermost(error)}; set LOGITGATE_DEBUG=1 to see the whole trace"


def _innermost(error: BaseException) -> str:
    frame: Any = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "unknown place"
