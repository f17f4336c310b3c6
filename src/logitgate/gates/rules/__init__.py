"""The rules that turn figures into findings, against fixed opponents and against the champion.

Imports `checks` and below. Read `gates`, then `head_to_head`.
"""
