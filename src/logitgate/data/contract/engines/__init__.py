"""What holds cells against rules: counts with pandas for most, Great Expectations for the others.

Imports the rest of `contract`. Read `kernels`, `library`.
"""
