"""Loads and saves tensors of torch. The functions are those of `safetensors.torch`."""

import torch

from . import _torch_shared as shared
from ._frameworks import TORCH_NAMES
from ._open import safe_open
from ._save import options, save_bytes, save_path
from .errors import TersorError

_DTYPES = {getattr(torch, name): dtype for dtype, name in TORCH_NAMES.items() if hasattr(torch, name)}


def save(tensors, metadata=None, *, level=6, threads=None, profile="default", progress=None):
    """Encodes a dictionary of tensors to bytes.

    `metadata` is a dictionary of strings. `level` is from 1 (fast) to 9 (small). `threads` is the number of threads, by
    default one a core. `profile` is `"default"` or `"gpu"`. `progress` is called with the number of bytes that were
    encoded since its last call, from any thread; an exception of it stops the work.

    Tensors must be dense and contiguous, and must not share memory.
    """
    return save_bytes(_views(tensors), metadata, options(level, threads, profile, progress))


def save_file(tensors, filename, metadata=None, *, level=6, threads=None, profile="default", progress=None):
    """Encodes a dictionary of tensors to the file `filename`, which appears when it is complete. See `save`."""
    save_path(_views(tensors), metadata, filename, options(level, threads, profile, progress))


def load(data, *, threads=None):
    """Returns the tensors of a container, or of a safetensors file, in the bytes `data`."""
    with safe_open(bytes(data), framework="pt", threads=threads) as file:
        return file.get_tensors()


def load_file(filename, device="cpu", *, backend="mmap", threads=None):
    """Returns the tensors of a file as a dictionary. See `tersor.safe_open` for the kinds of `filename`."""
    with safe_open(filename, framework="pt", device=device, backend=backend, threads=threads) as file:
        return file.get_tensors()


def save_model(model, filename, metadata=None, force_contiguous=True, **encoding):
    """Saves a model. Of tensors that share memory one is saved, and the metadata maps the other names to it.

    `force_contiguous` makes tensors contiguous first. The other arguments are those of `save_file`.
    """
    state = model.state_dict()
    metadata = dict(metadata or {})
    for kept, names in shared.duplicates(state).items():
        for name in names:
            metadata.setdefault(name, kept)
            del state[name]
    if force_contiguous:
        state = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(state, filename, metadata=metadata or None, **encoding)


def load_model(model, filename, strict=True, device="cpu", *, backend="mmap", threads=None):
    """Loads a file into a model, also one of `save_model`.

    Returns the names of the tensors that the file lacks, and those that the model lacks. With `strict`, such names are
    a `RuntimeError`.
    """
    state = load_file(filename, device=device, backend=backend, threads=threads)
    duplicates = shared.duplicates(model.state_dict(), preferred=state.keys())
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = set(missing)
    for name in (name for names in duplicates.values() for name in names):
        if name in missing:
            missing.remove(name)
        else:
            unexpected.append(name)
    if strict and (missing or unexpected):
        lines = [f"Error(s) in loading state_dict for {type(model).__name__}:"]
        for title, names in (("Missing", sorted(missing)), ("Unexpected", sorted(unexpected))):
            if names:
                lines.append(f"    {title} key(s) in state_dict: " + ", ".join(f'"{name}"' for name in names))
        raise RuntimeError("\n".join(lines))
    return missing, unexpected


def _views(tensors):
    if not isinstance(tensors, dict):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}")
        if tensor.layout != torch.strided:
            raise ValueError(f"The tensor `{name}` is sparse: make it dense with `.to_dense()` before saving")
    groups = [sorted(group) for group in shared.groups(tensors) if len(group) > 1]
    if groups:
        raise RuntimeError(f"Some tensors share memory: {groups}. Save the model with `save_model` instead")
    return {name: _view(name, tensor) for name, tensor in tensors.items()}


def _view(name, tensor):
    if not tensor.is_contiguous():
        raise ValueError(f"The tensor `{name}` is not contiguous: call `.contiguous()` on it before saving")
    dtype = _DTYPES.get(tensor.dtype)
    if dtype is None:
        raise TersorError(f"the dtype {tensor.dtype} of the tensor {name} is not known", "unsupported", tensor=name)
    shape = list(tensor.shape)
    if dtype == "F4":
        # a byte holds two elements
        shape[-1] *= 2
    if tensor.numel() == 0:
        return dtype, shape, b""
    flat = tensor.detach().cpu().resolve_conj().resolve_neg().reshape(-1)
    if flat.stride() != (1,):
        # a single element can have any stride, and then has no view as bytes
        flat = flat.clone(memory_format=torch.contiguous_format)
    return dtype, shape, flat.view(torch.uint8).numpy().data
