"""Prefect flows: tables of contents over logitgate.

Read `train`, then `score`, `compare`, `monitor` and `act`; `run` starts them from the command line,
`scheduled` from a Prefect server, whose deployments name that module. Rooms: `messages`, `server`,
`scheduling`, `commands`, `cli`.
"""
