"""What every page for people is made of: shell, charts, and costs to threshold and money.

Imports `gates` and below, and Jinja; no store. Read `explorer` (from costs to threshold, counts and money),
`charts` (values to places in an SVG), and `shell`, which writes the file. `report` and `lab` are such pages.
"""
