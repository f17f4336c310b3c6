"""Versions of a model and its ledger, as MLflow keeps them.

Imports `packaging`, `ledger`, `tracking`, MLflow. Read `registry`, `versions`, `ledger_store`.
"""
