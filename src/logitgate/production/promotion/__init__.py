"""Changing what is in production: first release, promotion and rollback are one transaction under a lock.

Imports `packaging`, `ledger`, `registry`, SQLAlchemy. Read `transaction`,
`promotion`, `intents`, `rollback`, `lock`.
"""
