"""Commands on models that are registered: scores, windows, comparisons, what is in production."""
