"""Prefect flows: tables of contents over logitgate.

Read `train`, then `score`, `compare`, `monitor` and `act`; `run` starts them from the command line,
`scheduled` from a Prefect server, whose deployments name that module. Rooms: `messages`, `server`,
`scheduling`, `commands`, `cli`.

A flow of your own calls a training as its subflow: ``from logitgate_flows.train import train``.
"""

from logitgate.interface.environment import settle

# Before MLflow and Great Expectations are imported, also where somebody else's program imports this package.
settle()
