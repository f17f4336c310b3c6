"""The lab: one HTML page to learn logistic regression with, on a project's own rows and model.

Imports `pages` and below; no store.
"""
