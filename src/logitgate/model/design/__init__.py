"""The design matrix: curves over numbers, declared signs, features that nothing can be learned from.

Imports `data` and below. Read `matrix`: it lays the design out and fits it. `coded` is what a fit works on:
`coding` makes it from a fitted layout, `columns` holds its kinds of columns.
"""
