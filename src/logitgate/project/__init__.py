"""The project file as frozen values.

Imports `decision` and pydantic. Read `project`, then the section you need: the modules here declare training
and its gates, `operations` what happens after a release; `syntax` holds the notations that both use.
`reading` reads the TOML.
"""
