"""Project files in: TOML to a frozen project, every mistake in one answer, defaults that fit the rows.

Read `load`, then `mistakes`. Imports the sections and the project.
"""
