"""Costs, the rule and the decision: what is shipped with every model.

Imports `errors` and numpy; `pyfunc` alone knows MLflow and skops. Read `expressions`, `costs`, `rule`, then
`levels` and `pyfunc`.
"""
