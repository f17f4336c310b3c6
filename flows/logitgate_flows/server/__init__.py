"""The Prefect server of one command: starting it, and not waiting for one that does not answer.

Imports `messages` and Prefect. Read `start`, `fork`, `prefect_server`, `watchdog`.
"""
