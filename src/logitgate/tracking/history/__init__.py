"""What time leaves in MLflow: monitored windows with the curves of their signals, and replayed histories.

Read `windows`, `monitoring_curves` and `signal_history`, then `replays`.
"""
