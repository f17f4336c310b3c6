"""Figures as PNG files; the only room that imports Matplotlib.

Read `style`, then one of `ranking`, `reliability`, `costs`, `slices`, `coefficients`, `signals`. Each draws
typed values; `trainings.drawings` takes them from a judgement.
"""
