"""CPU time of a server process. Other programs of the machine change it far less than they change elapsed time."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process_id: int) -> float:
    """Return the CPU seconds, user and system, that a process and its children have used (Linux only)."""
    process = Path(f"/proc/{process_id}")
    # The command in parentheses may contain spaces; utime and stime are the 12th and 13th fields after it (proc(5)).
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    children = (task / "children" for task in (process / "task").iterdir())
    child_ids = [int(child_id) for file in children for child_id in file.read_text().split()]
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND + sum(map(cpu_seconds, child_ids))
