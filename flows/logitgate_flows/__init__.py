"""Prefect flows: tables of contents over logitgate. Read `train`."""
