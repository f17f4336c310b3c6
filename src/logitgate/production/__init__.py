"""Versions, promotion, rollback, scoring, and the monitoring of the champion.

Imports `tracking` and below, MLflow, skops, SQLAlchemy. The rooms in reading order, each importing only
those before it: `packaging` and `ledger`, `registry`, `promotion`, `release` and `scoring`, `repair`; then
the module `monitoring`.
"""
