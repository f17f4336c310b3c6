"""The design matrix: curves over numbers, declared signs, features that nothing can be learned from.

Imports `data` and below. Read `matrix`: it calls the others.
"""
