"""What commands do that need no Prefect: one call of logitgate each.

Imports logitgate. Each module stands alone: `beginning` for a new project, `operating` for registered models,
`pages` for what is read in a browser.
"""
