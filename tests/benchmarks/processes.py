"""What other processes have spent so far: CPU seconds and resident memory, told by the kernel."""

from contextlib import suppress

import psutil

MEGABYTE = 1024 * 1024


def cpu_of(pid: int) -> float:
    """Give the CPU seconds (user and system) a process has spent."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def family_cpu_of(pid: int) -> float:
    """Give the CPU seconds of a process, its living children and those it has outlived."""
    parent = psutil.Process(pid)
    living = 0.0
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile: the parent is asked after it
            living += cpu_of(child.pid)
    times = parent.cpu_times()
    return times.user + times.system + times.children_user + times.children_system + living


def resident_of(pid: int) -> int:
    """Give a process's resident memory in bytes."""
    return int(psutil.Process(pid).memory_info().rss)
