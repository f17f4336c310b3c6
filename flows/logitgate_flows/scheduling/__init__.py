"""Running a project when it is due: on this host, or by deployments on a Prefect server.

Imports `act`, `scheduled`, `messages`. Read `schedule`, `completed_slots`, `deployment`.
"""
