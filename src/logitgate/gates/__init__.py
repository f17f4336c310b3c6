"""Judging a challenger: gates, opponents, self-test, verdict.

Imports `checks`, `monitoring` and below. Read `evidence`, `training`, `contest`, `judge`, then the
room `rules`.
"""
