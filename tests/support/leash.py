"""
Become another program that dies when the process which started it dies.

Run as `python leash.py SIGNAL UID GID COMMAND…`.  A test process may crash at
any moment; what it started must not outlive it.  A `preexec_fn` would do the
same, but is not safe beside threads.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(signal: int, uid: int, gid: int, command: list[str]) -> None:
    """Give up root where asked, bind this process to its parent, become *command*."""
    parent = os.getppid()
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid, which would clear it; the exec below keeps it.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused the parent-death signal")
    if os.getppid() != parent:
        sys.exit("The process that asked for this one is gone already.")
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
