"""Tags of a monitored window's run."""

from __future__ import annotations

WINDOW, END, VERSION, DIGEST, SIGNS, ACTION, DONE, FAILED, ACTED, LABELS = (
    f"window.{name}"
    for name in (
        *("name", "end", "version", "digest", "signs", "action"),
        *("done", "failed", "acted", "has_labels"),
    )
)
