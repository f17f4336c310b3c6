"""What one training leaves in MLflow: metrics, tables, figures, the report page.

Read `training`, then `drawings` (typed values for the room `figures`), `report_files` and `reports`;
`decisions` counts the other recipes that were tried on the same rows.
"""
