"""What commands ask a store without writing: registered models, their versions, runs by a tag.

Imports `tracking.stores` and below. Read `readers`, then `database` and `by_client`, which answer alike.
"""
