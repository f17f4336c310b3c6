"""Tables beside the verdict: calibration, blocks, simpler recipes, the champion side by side, wrong costs.

Imports `gates.rules`. Each module makes one table.
"""
