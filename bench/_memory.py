"""The most memory that a process has held, for the measurements that promise one."""

from pathlib import Path


def peak_megabytes(process: int | str = "self") -> float:
    """Of a process by its ID, in megabytes. What getrusage says counts in the process that started it."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no VmHWM in /proc/{process}/status")
