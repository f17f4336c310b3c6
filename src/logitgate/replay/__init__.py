"""A table's history played as it would have gone: what each policy of retraining would have cost.

Imports `gates`, `monitoring` and below; no store, no registry, no server. Read `play`: `dates` says when,
`training` makes a version of each date, `policies` decides what is in production, `watch` monitors it,
`costs` adds up, and the room `results` is what comes out.
"""
