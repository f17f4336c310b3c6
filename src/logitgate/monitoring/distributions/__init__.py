"""Distances of distributions, and how many independent rows stand behind them.

Imports `model` and below. Read `divergence`, `independence`, `contribution`.
"""
