"""Temporary folders, files that appear whole, and which process made them.

Imports the standard library and `errors`.

Read `atomic`, then `temporary`.
"""
