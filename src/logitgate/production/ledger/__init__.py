"""Who was in production, from when to when, and why.

Read `entries`, then `ledger`; the room above keeps it in MLflow (`ledger_store`) and shows it (`history`).
"""
