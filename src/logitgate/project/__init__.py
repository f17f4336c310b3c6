"""The project file as frozen values.

Imports `decision` and pydantic. Read `project`, then the section you need; `load` reads the TOML.
"""
