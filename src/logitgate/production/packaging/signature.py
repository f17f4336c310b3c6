"""The columns that go into a packed model and come out, as MLflow and the model's metadata name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...decision.answering import ANSWER, UNFAMILIAR, Terms

if TYPE_CHECKING:
    from mlflow.models import ModelSignature


def signature(terms: Terms) -> ModelSignature:
    """Return the columns that go in and come out, so that MLflow changes no cell and refuses no row.

    Types of MLflow are no checks: its server makes 30 of 30.99 where a column is `long`, true of "no" where
    it is `boolean`, 12 of "12" where it is `double` and "None" of a missing cell where it is `string`;
    outside the server it refuses int64 where a `double` is wanted and NaN where a `long` is, and repeats the
    rows in its errors, as it does for an absent column. So a cell may be of any type for MLflow, and it
    requires no column: `answering.answer` refuses what is absent or not as declared, by name and count. The
    types stand in the model's metadata.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, DataType, Schema, TensorSpec

    anything: Any = AnyType()  # type: ignore[no-untyped-call]
    inputs: list[ColSpec | TensorSpec] = [ColSpec(anything, name, required=False) for name in terms.columns]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.boolean if name == "decision" else DataType.double, name) for name in ANSWER
    ]
    return ModelSignature(
        inputs=Schema(inputs), outputs=Schema([*outputs, ColSpec(DataType.long, UNFAMILIAR)])
    )


def declared_columns(terms: Terms) -> dict[str, str]:
    """Return the type of each column that a row must bring, as the project or its role says."""
    of_role = {"number": "number", "text": "text", "cost": "number"}
    return {name: terms.declared.get(name, of_role[kind]) for name, kind in terms.columns.items()}
