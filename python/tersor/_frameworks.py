"""Makes tensors of a framework from decoded bytes. Each framework is imported when it is first used."""

import sys

from .errors import TersorError

_NAMES = {
    "np": "numpy",
    "numpy": "numpy",
    "pt": "torch",
    "torch": "torch",
    "pytorch": "torch",
    "flax": "flax",
    "jax": "flax",
    "mlx": "mlx",
}

#: the names of the dtypes in numpy and ml_dtypes
NUMPY_NAMES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
_EXTENDED = {"BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}

#: the names of the dtypes in torch
TORCH_NAMES = {**NUMPY_NAMES, "F4": "float4_e2m1fn_x2"}

#: bits of an element
BITS = {
    **dict.fromkeys(["BOOL", "U8", "I8"], 8),
    **{name: 8 for name in NUMPY_NAMES if name.startswith("F8")},
    **dict.fromkeys(["U16", "I16", "F16", "BF16"], 16),
    **dict.fromkeys(["U32", "I32", "F32"], 32),
    **dict.fromkeys(["U64", "I64", "F64", "C64"], 64),
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}


def maker(framework, device="cpu"):
    """Returns the function `make(buffer, dtype, shape)` of a framework; `dtype` is a name of the safetensors format."""
    name = _NAMES.get(framework)
    if name is None:
        raise TersorError(f"framework {framework} is invalid: use one of {', '.join(_NAMES)}")
    if name == "torch":
        return _torch_maker(device)
    if name == "numpy":
        return numpy_array
    return _flax_array if name == "flax" else _mlx_array


def numpy_dtype(dtype):
    """Returns the numpy dtype with a name of the safetensors format."""
    import numpy

    name = NUMPY_NAMES.get(dtype)
    if name is None:
        raise TersorError(f"numpy has no dtype for {dtype}", "unsupported")
    if dtype not in _EXTENDED:
        return numpy.dtype(name)
    try:
        import ml_dtypes
    except ImportError as error:
        raise TersorError(f"{dtype} needs the package ml_dtypes in numpy", "unsupported") from error
    return numpy.dtype(getattr(ml_dtypes, name))


def numpy_array(buffer, dtype, shape):
    """Makes a numpy array that uses `buffer`."""
    import numpy

    array = numpy.frombuffer(buffer, dtype=numpy_dtype(dtype))
    if sys.byteorder == "big":
        array = array.byteswap()
    return array.reshape(shape)


def torch_dtype(dtype):
    """Returns the torch dtype with a name of the safetensors format."""
    import torch

    found = getattr(torch, TORCH_NAMES.get(dtype, ""), None)
    if found is None:
        raise TersorError(f"torch has no dtype for {dtype}", "unsupported")
    return found


def _torch_maker(device):
    import torch

    try:
        device = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise TersorError(f"device {device} is invalid") from error

    def make(buffer, dtype, shape):
        kind = torch_dtype(dtype)
        if dtype == "F4":
            # a byte holds two elements
            if not shape or shape[-1] % 2:
                raise TersorError("torch holds F4 in pairs, so the last axis must be even", "unsupported")
            shape = [*shape[:-1], shape[-1] // 2]
        if len(buffer) == 0:
            return torch.empty(tuple(shape), dtype=kind, device=device)
        if BITS[dtype] <= 8 and dtype.startswith("F"):
            tensor = torch.frombuffer(buffer, dtype=torch.uint8).view(kind)
        else:
            tensor = torch.frombuffer(buffer, dtype=kind)
        tensor = tensor.reshape(tuple(shape))
        return tensor if device.type == "cpu" else tensor.to(device)

    return make


def _flax_array(buffer, dtype, shape):
    import jax.numpy

    return jax.numpy.array(numpy_array(buffer, dtype, shape))


def _mlx_array(buffer, dtype, shape):
    import mlx.core

    if dtype == "BF16":
        # mlx does not take arrays of ml_dtypes
        return mlx.core.array(numpy_array(buffer, "U16", shape)).view(mlx.core.bfloat16)
    return mlx.core.array(numpy_array(buffer, dtype, shape))
