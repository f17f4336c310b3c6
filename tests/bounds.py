"""What a piece of work may take: a script forks for each bound, which the kernel keeps."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path


def within(megabytes, work):
    """Do a piece of work in a fork, within what this process holds and so many megabytes more.

    Return what it returned, or the kind of error that ended it, as text.
    """
    end, told = os.pipe()
    if not (child := os.fork()):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.write(told, _bounded(megabytes, work).encode())
        os._exit(0)
    os.close(told)
    os.waitpid(child, 0)
    with os.fdopen(end) as text:
        return text.read()


def _bounded(megabytes, work):
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next(int(line.split()[1]) for line in lines if line.startswith("VmData:")) * 1024
    limit = held + int(megabytes * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        return str(work())
    except MemoryError:
        return "MemoryError"


def tell(found):
    """Tell the test, from the script."""
    sys.stdout.write(json.dumps(found))


def told_by(script, *words):
    """Run a script in a process of its own, and return what it tells."""
    # Arrow's own allocator would reserve far more beforehand than the bound is about.
    environment = {
        **os.environ,
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    ended = subprocess.run(
        [sys.executable, script, *words], capture_output=True, text=True, check=False, env=environment
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
