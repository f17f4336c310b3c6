"""What the process's environment says before a vendor is imported: quiet, offline, one thread, bounded waits.

Nothing heavy is imported here, because the variables only count when they are set first.
"""

from __future__ import annotations

import logging
import os
import traceback
from pathlib import Path
from typing import Any

from .errors import UnavailableError
from .orchestrator import ADDRESS, named_server
from .redaction import without_secrets

DEFAULTS = {
    # Two BLAS threads were slower than one, and far noisier.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Arrow's own allocator holds on to a third more than batches need.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # At ERROR Prefect prints the whole trace of each refusal, and keeps it; a chained error may quote a cell.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    # An ephemeral server on a busy machine needs longer than Prefect's 20 s to migrate and to answer.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
    # The requirements of a model are pinned by us; a uv.lock that lies about in the folder is not asked.
    "MLFLOW_UV_AUTO_DETECT": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    # A call to a server that is gone took 246 s with MLflow's own limits. MLflow repeats every call alike, so
    # a lost answer would make a second version; we repeat only what may be done twice, and only whole steps.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
"""Variables that are set unless the user has set them; the user's own values always win."""

WITH_A_SERVER = {
    # Prefect's own limits are 60 s and five more tries, for each of its calls.
    "PREFECT_API_REQUEST_TIMEOUT": "5",
    "PREFECT_CLIENT_MAX_RETRIES": "1",
}
"""Further ones where a server is named, which may be gone."""


def prepare(folder: Path) -> None:
    """Set the variables of `DEFAULTS`, and keep Prefect's records in the folder.

    Call it before the first import of MLflow, Prefect, Great Expectations or numpy.

    Parameters
    ----------
    folder : Path
        As `home` returns it.

    Raises
    ------
    UnavailableError
        When the folder for Prefect's records cannot be made.
    """
    _keep_secrets_out_of_logs()
    # From here on a server that a file or a profile names is one that the environment names.
    if address := named_server():
        os.environ[ADDRESS] = address
    served = bool(address)
    for name, value in (DEFAULTS | (WITH_A_SERVER if served else {})).items():
        os.environ.setdefault(name, value)
    if not served and "PREFECT_HOME" not in os.environ:
        os.environ["PREFECT_HOME"] = str(_made(folder / "prefect"))


def do_without_a_server(folder: Path) -> None:
    """Let Prefect use none, whatever names one; before its import, as `prepare`.

    Raises
    ------
    UnavailableError
        As `prepare`.
    """
    os.environ[ADDRESS] = ""
    for name, value in WITH_A_SERVER.items():
        if os.environ.get(name) == value:
            del os.environ[name]
    prepare(folder)


class _Discreet(logging.LogRecord):
    """A line of a log, of whichever library, without the secrets of the environment."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - those of its base
        super().__init__(*given, **named)
        if self.exc_info and self.exc_info[0] is not None:
            whole = "".join(traceback.format_exception(*self.exc_info)).rstrip()
            if (discreet := without_secrets(whole)) != whole:
                self.exc_info, self.exc_text = None, discreet

    def getMessage(self) -> str:  # noqa: N802 - the standard library's
        """Return the line as it may be kept."""
        return without_secrets(super().getMessage())


def _keep_secrets_out_of_logs() -> None:
    if logging.getLogRecordFactory() is logging.LogRecord:
        logging.setLogRecordFactory(_Discreet)


def _made(folder: Path) -> Path:
    """Make a folder that Prefect would wait for in vain."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"cannot be written ({error.strerror})"
        raise UnavailableError(f"folder {folder}", reason, "name another one by LOGITGATE_HOME") from error
    return folder


def home() -> Path:
    """Return the folder of the embedded stores; it is not created here.

    It is ``LOGITGATE_HOME``, or else ``.logitgate`` in the current folder. A folder with an ``MLproject``
    file is where ``mlflow run`` has changed to; there ``.logitgate`` of the folder above is meant, so that
    both ways to start write into the same store.

    Raises
    ------
    UnavailableError
        When the current folder no longer exists.
    """
    if named := os.environ.get("LOGITGATE_HOME"):
        return Path(named).expanduser().absolute()
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise UnavailableError(
            "current folder", "it no longer exists", "change to a folder that does, or set LOGITGATE_HOME"
        ) from error
    return (here.parent if (here / "MLproject").is_file() else here) / ".logitgate"
