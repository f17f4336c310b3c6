"""Performance of a window with and without labels, against limits and against the previous version.

Read `assess`.
"""
