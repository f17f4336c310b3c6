"""Realised performance on labelled rows: calibration and cost against chunks of the reference.

Read `figures`, what labelled rows show; then `findings`, which asks `calibration` and `cost`.
"""
