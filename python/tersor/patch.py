"""Runs a script that loads safetensors files so that it loads containers: `python -m tersor.patch SCRIPT [ARGS]`."""

import os
import runpy
import sys

from .patching import patch_safetensors


def main():
    """Runs the script that the command line names."""
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print("usage: python -m tersor.patch SCRIPT [ARGS]", file=sys.stderr)
        sys.exit(0 if "-h" in sys.argv[1:2] or "--help" in sys.argv[1:2] else 2)
    del sys.argv[0]
    # as Python does for a script
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    patch_safetensors()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
