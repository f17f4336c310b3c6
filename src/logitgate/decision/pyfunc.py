"""A model as it is served, wherever MLflow loads it.

This file is shipped with each model, beside the ground floor it stands on, under a name that carries the
digest of their contents. So it may import only `errors`, the other modules of this room and vendors.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from .answering import TRUSTED_TYPES, Answering, Terms


class RefusedRowsError(MlflowException, ValueError):
    """Rows that are not answered. What it says names a column and a rule, and stays what it was.

    MLflow's server writes the rows themselves before the message of its own exceptions, and answers any other
    one with a stack trace; this one it sends as it is. The status is not the 400 of MLflow's refusals, so
    that a proxy can hide those and let this one through.
    """

    def __init__(self, because: str) -> None:
        self._because = because
        super().__init__(because, error_code=INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        """What was refused."""
        return self._because

    @message.setter
    def message(self, _: str) -> None:
        """Leave it as it is."""

    def get_http_status_code(self) -> int:
        """Return 422: the request could be read, its rows cannot be answered."""
        return HTTPStatus.UNPROCESSABLE_ENTITY


class ServedModel(PythonModel):
    """Answers rows with their probability, threshold, decision and what either decision would cost.

    There is no configuration: what `load_model(..., model_config=...)` is given, MLflow ignores, and a
    configuration that reaches the model all the same is refused. So it cannot move the threshold.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read the pipeline and the terms."""
        if context.model_config:
            raise ValueError(
                f"this model takes no configuration, but was given {', '.join(context.model_config)}"
            )
        from skops.io import load  # noqa: PLC0415 - its import takes seconds

        estimator = load(context.artifacts["model"], trusted=list(TRUSTED_TYPES))
        terms = Terms.from_json(json.loads(Path(context.artifacts["decision"]).read_text("utf-8")))
        self.answering = Answering.of(estimator, terms)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Decide about each row; see `answer`."""
        try:
            return self.answering.answer(model_input)
        except ValueError as error:
            raise RefusedRowsError(str(error)) from None
