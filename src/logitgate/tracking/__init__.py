"""MLflow runs: what a training, a comparison or a window has left.

Imports `gates` and below, MLflow; `figures` alone imports Matplotlib. Read `store`, `runs` and
`recording`, then the rooms `trainings` and `history`.
"""
