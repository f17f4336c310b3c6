"""Judging a challenger: gates, opponents, self-test, verdict.

Imports `checks`, `monitoring` and below. Read `judge`, `head_to_head`, `gates`; `training` is the road of
one training.
"""
