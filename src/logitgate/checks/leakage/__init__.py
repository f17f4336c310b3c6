"""Whether a feature knows the outcome, and whether the judged rows know the learned ones.

Read `single_features`: it calls the others.
"""
