"""How the C library gives memory back: a large message must not leave its size behind in the process."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # malloc.h
_TOP_BYTES = 512 * 1024  # free memory at the heap's end that is kept
_OWN_MAPPING_BYTES = 256 * 1024  # from this size a block is a mapping of its own, returned when it is freed
_ARENAS = 2


def give_memory_back() -> None:
    """Fix glibc's bounds, which otherwise grow to 32 and 64 MB with the largest block ever freed (mallopt(3)).

    Another C library decides for itself: there nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return
    mallopt(_TRIM_THRESHOLD, _TOP_BYTES)
    mallopt(_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
    mallopt(_ARENA_MAX, _ARENAS)
