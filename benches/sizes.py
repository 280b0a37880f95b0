#!/usr/bin/env python3
"""Measures sizes: encodes .safetensors files, decodes them, compares every byte, and prints the tables of docs/benchmarks.md.

    cargo build --release
    python3 benches/sizes.py                             # all files of benches/models (benches/fetch_models.py fetches them)
    python3 benches/sizes.py tests/data --level 3        # other folders or files, other options
    python3 benches/sizes.py --tersor PATH               # another binary (default: target/release/tersor)
    python3 benches/sizes.py --levels                    # all levels: sizes and MB/s of all files together, on one core

Sizes are those of whole files, including header, index and checksums. The exit status is 1 if a decoded file differs.
"""
import argparse
import filecmp
import json
import math
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def describe(path):
    """Returns the dtypes of a safetensors file that hold at least one percent of its elements, and the number of elements."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    counts = {}
    for tensor in header.values():
        counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + math.prod(tensor["shape"])
    total = sum(counts.values())
    named = sorted((d for d in counts if 100 * counts[d] >= total), key=counts.get, reverse=True)
    return ", ".join(named), total


def run(*command):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr.strip()}")


def measure(tersor, path, options):
    """Returns the size of the encoded file, and the processor seconds of encoding and decoding. Checks the decoded bytes."""
    with tempfile.TemporaryDirectory(prefix="tersor-sizes-") as folder:
        packed, back = pathlib.Path(folder, "packed.tersor"), pathlib.Path(folder, path.name)
        start = cpu_seconds()
        run(tersor, "encode", path, "-o", packed, "--threads", "1", *options)
        between = cpu_seconds()
        run(tersor, "decode", packed, "-o", back, "--threads", "1")
        end = cpu_seconds()
        if not filecmp.cmp(path, back, shallow=False):
            raise RuntimeError(f"{path}: the decoded file differs")
        return packed.stat().st_size, between - start, end - between


def cpu_seconds():
    """Returns the processor time of all finished child processes. Other work on the machine disturbs it less than wall-clock time."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def all_levels(tersor, files):
    """Prints a table of levels: the bytes of all files, their share, and megabytes per second of processor time on one core."""
    before = sum(path.stat().st_size for path in files)
    print("| level | bytes | share | encoding, MB/s | decoding, MB/s |")
    print("|--:|--:|--:|--:|--:|")
    for level in range(1, 10):
        after, encoding, decoding = map(sum, zip(*(measure(tersor, path, ["--level", str(level)]) for path in files)))
        speeds = f"{before / 1e6 / encoding:.3g} | {before / 1e6 / decoding:.3g}"
        print(f"| {level} | {after:,} | {100 * after / before:.3f} % | {speeds} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=pathlib.Path, default=[HERE / "models"], metavar="PATH")
    parser.add_argument("--tersor", type=pathlib.Path, default=HERE.parent / "target" / "release" / "tersor")
    parser.add_argument("--level", metavar="N", help="passed to tersor encode")
    parser.add_argument("--levels", action="store_true", help="compare all levels")
    options = parser.parse_args()
    if not options.tersor.is_file():
        parser.error(f"{options.tersor} does not exist; run cargo build --release, or give --tersor PATH")
    files = [f for p in options.paths for f in (sorted(p.glob("*.safetensors")) if p.is_dir() else [p])]
    if not files:
        parser.error("no .safetensors file found; benches/fetch_models.py downloads some")
    if options.levels:
        all_levels(options.tersor.resolve(), files)
        return 0
    level = ["--level", options.level] if options.level else []
    failed = 0
    print("| model | dtype | weights | safetensors, bytes | tersor, bytes | share | bits per weight |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for path in files:
        try:
            dtypes, weights = describe(path)
            before, (after, _, _) = path.stat().st_size, measure(options.tersor.resolve(), path, level)
        except (OSError, ValueError, struct.error, RuntimeError) as error:
            print(f"error: {error}", file=sys.stderr)
            failed += 1
            continue
        bits = f"{8 * after / weights:.3f}" if weights else ""
        print(f"| {path.stem} | {dtypes} | {weights:,} | {before:,} | {after:,} | {100 * after / before:.2f} % | {bits} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
