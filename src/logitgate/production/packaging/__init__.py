"""A model as a folder of plain files: packing it, and unpacking it without running what is inside.

Imports `gates` and below, MLflow, skops. Read `model_package`, then `served_code`,
`seal` and `golden`.
"""
