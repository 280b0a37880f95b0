"""The number of threads after a fork.

The threads of the native module do not exist in a process that was made by `os.fork`, as the workers of a
`torch.utils.data.DataLoader` are. Work that waited for them would wait forever.
"""

import os

_is_forked = False


def threads_or_default(threads):
    """Returns the number of threads to use: by default one a core, and in a forked process one alone."""
    return 1 if threads is None and _is_forked else threads


def _mark():
    global _is_forked
    _is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_mark)
