"""Logistic models that reach production only with evidence."""

__version__ = "0.1.0"
