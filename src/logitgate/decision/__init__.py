"""Costs, the rule and the decision: what is shipped with every model.

Imports `errors`, numpy, pandas and SciPy; `pyfunc` alone knows MLflow and skops. Read `expressions`, `costs`,
`rule`; `levels`, `cells`, `look_ups`, `compiled`; then `pyfunc`.
"""
