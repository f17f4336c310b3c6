"""The MLflow UI on a store, for this machine only."""

from __future__ import annotations

import os
import subprocess
import sys

from logitgate.tracking.store import Store


def serve(store: Store, port: int) -> None:
    """Serve the UI on the loopback address until it is stopped; one worker, no job runner."""
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store.tracking_uri]
    command += ["--registry-store-uri", store.registry_uri, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1"]
    if store.artifact_root is not None:
        command += ["--default-artifact-root", store.artifact_root]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    print(f"MLflow UI: http://127.0.0.1:{port} (Ctrl-C ends it)", flush=True)  # noqa: T201
    try:
        subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own interpreter and store
    except KeyboardInterrupt:
        return
