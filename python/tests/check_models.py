"""Compares containers with the safetensors files that they were made from: `check_models.py FOLDER [COMMAND]`.

Encodes every safetensors file of the folder at level 1, with the command `tersor` if it is given, loads it with
numpy and torch, and compares all tensors and some random slices with the results of safetensors. It is no test,
because it needs large models.
"""

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import safetensors
import safetensors.torch
import torch

import tersor
import tersor.numpy
import tersor.torch


def main():
    """Checks all models and prints a line for each."""
    command = sys.argv[2] if len(sys.argv) > 2 else None
    for path in sorted(Path(sys.argv[1]).glob("*.safetensors")):
        with tempfile.TemporaryDirectory() as folder:
            coded = Path(folder) / "model.tersor"
            if command:
                subprocess.run([command, "encode", "-1", "-q", path, "-o", coded], check=True)
            else:
                tersor.encode_file(path, coded, level=1)
            count = check_torch(path, coded)
            arrays = check_numpy(path, coded)
            slices = check_slices(path, coded)
        print(f"{path.name}: {count} tensors of torch, {arrays} arrays, {slices} slices are equal", flush=True)


def check_torch(path, coded):
    """Compares all tensors in torch."""
    expected, found = safetensors.torch.load_file(path), tersor.torch.load_file(coded)
    assert list(expected) == list(found)
    for name, tensor in expected.items():
        assert (tensor.dtype, tensor.shape) == (found[name].dtype, found[name].shape), name
        assert raw(tensor) == raw(found[name]), name
    return len(expected)


def check_numpy(path, coded):
    """Compares the arrays of all dtypes that safetensors can load with numpy."""
    count = 0
    with safetensors.safe_open(path, "np") as plain, tersor.safe_open(coded, "np") as file:
        assert plain.keys() == file.keys() and plain.offset_keys() == file.offset_keys()
        assert plain.metadata() == file.metadata()
        for name in plain.keys():
            if file.get_slice(name).get_dtype().startswith(("BF", "F8", "F4")):
                continue
            expected, found = plain.get_tensor(name), file.get_tensor(name)
            assert expected.dtype == found.dtype and expected.shape == found.shape, name
            assert expected.tobytes() == found.tobytes(), name
            count += 1
    return count


def check_slices(path, coded, count=60):
    """Compares random slices."""
    generator = random.Random(path.name)
    with safetensors.safe_open(path, "pt") as plain, tersor.safe_open(coded, "pt") as file:
        shapes = {name: plain.get_slice(name).get_shape() for name in plain.keys()}
        names = [name for name, shape in shapes.items() if shape and 0 not in shape]
        for _ in range(count if names else 0):
            name = generator.choice(names)
            index = tuple(part(generator, size) for size in shapes[name])
            # safetensors does not take every index, so the whole tensor is indexed
            expected, found = plain.get_tensor(name)[index], file.get_slice(name)[index]
            assert expected.shape == found.shape and raw(expected) == raw(found), (name, index)
    return count if names else 0


def part(generator, size):
    """Returns a random index of one axis."""
    if generator.randrange(4) == 0:
        return generator.randrange(size)
    start = generator.randrange(size)
    return slice(start, generator.randrange(start, size) + 1, generator.choice([1, 1, 2, 5]))


def raw(tensor):
    """Returns the bytes of a tensor."""
    flat = tensor.flatten().clone(memory_format=torch.contiguous_format)
    return flat.view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


if __name__ == "__main__":
    main()
