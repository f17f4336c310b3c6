"""Who was in production, from when to when, and why: pure values.

Imports `findings` and `errors`. Read `entries`, `ledger`, `state`, `history`; `registry` keeps it in MLflow.
"""
