"""Prefect flows and the command line: tables of contents over logitgate."""
