"""Failures made on the project's own rows, and which of the product's gates says no to each.

Read `failure` (what one is), then `scores` (sabotaged decisions), `rows` (sabotaged rows) and `windows`
(sabotaged production), which make them by the saboteurs and checks of the other rooms.
"""
