"""Versions, promotion, rollback, the champion that answers.

Imports `tracking` and below, MLflow, skops, SQLAlchemy. Read `registry`, `transaction`, `promotion`,
`rollback`, `release`.
"""
