"""From the evidence of a training or a comparison to the registry, once for each training.

Imports `promotion` and what it imports. Read `release`, `idempotency`, `comparison`.
"""
