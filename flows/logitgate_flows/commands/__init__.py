"""What commands do that need no Prefect: one call of logitgate each.

Imports logitgate. Each module stands alone.
"""
