"""Intervals for rates, means and ratios, one-sided bounds, and a correction for many tests.

Read `means`: rows of one entity are not independent, so errors are taken from clusters; then `shares`.
"""

from .many_tests import holm
from .means import Clusters, Means, Units, lower_bound, mean_interval, renumbered, upper_bound
from .sandwich import meat
from .shares import log_odds_limits, wilson, wilson_limits

__all__ = [
    "Clusters",
    "Means",
    "Units",
    "holm",
    "log_odds_limits",
    "lower_bound",
    "mean_interval",
    "meat",
    "renumbered",
    "upper_bound",
    "wilson",
    "wilson_limits",
]
