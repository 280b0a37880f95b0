"""Lets programs that load `model.safetensors` load `model.tersor` instead.

Tried with transformers 5.24 and sentence-transformers 6.2.
"""

import functools
import os
import sys

from ._open import is_container, safe_open
from ._sources import source_of

_PLAIN = ".safetensors"
_CODED = ".tersor"


class patch_safetensors:  # noqa: N801 - used like a function
    """Replaces the functions of safetensors that open files, in every module that has imported them.

    A name that ends in `.safetensors` then also stands for the container of this name that ends in `.tersor`, if there
    is no file with the name itself. `os.path.isfile` and `os.path.exists` say that such a name exists, since libraries
    ask them before they load a model. No other name is treated differently.

    The patch stays until `undo` is called. In a `with` statement it ends with the statement:

        with tersor.patch_safetensors():
            model = AutoModel.from_pretrained("folder")
    """

    def __init__(self):
        self._undo = []
        import safetensors

        self._replace_everywhere(safetensors.safe_open, _opener(safetensors.safe_open))
        self._patch_loader("numpy", "np")
        self._patch_loader("torch", "pt")
        for name in ("isfile", "exists"):
            original = getattr(os.path, name)
            self._set(os.path, name, _existence(original))

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        self.undo()

    def undo(self):
        """Puts the original functions back."""
        while self._undo:
            module, name, original = self._undo.pop()
            setattr(module, name, original)

    def _patch_loader(self, module_name, framework):
        try:
            module = __import__(f"safetensors.{module_name}", fromlist=["load_file"])
        except ImportError:
            # the framework is not installed
            return
        original = module.load_file
        self._replace_everywhere(original, _loader(original, framework))

    def _replace_everywhere(self, original, replacement):
        for module_name, module in list(sys.modules.items()):
            if module_name.split(".")[0] == "tersor":
                continue
            # the dictionary itself, since some modules import others when an attribute is asked for
            for name, value in list(getattr(module, "__dict__", {}).items()):
                if value is original:
                    self._set(module, name, replacement)

    def _set(self, module, name, replacement):
        self._undo.append((module, name, getattr(module, name)))
        setattr(module, name, replacement)


def _container(filename):
    """Returns the container that `filename` stands for, or `None`."""
    if not isinstance(filename, (str, os.PathLike)):
        return None
    path = os.fspath(filename)
    if not isinstance(path, str):
        return None
    if _is_file(path):
        return path if is_container(source_of(path)) else None
    coded = path.removesuffix(_PLAIN) + _CODED
    return coded if path.endswith(_PLAIN) and _is_file(coded) else None


#: The function as it is without a patch.
_is_file = os.path.isfile


def _opener(original):
    @functools.wraps(original, updated=())
    def opener(filename, framework, device="cpu", **options):
        container = _container(filename)
        if container is None:
            return original(filename, framework, device, **options)
        return safe_open(container, framework, device, **options)

    return opener


def _loader(original, framework):
    @functools.wraps(original)
    def load_file(filename, *arguments, **options):
        container = _container(filename)
        if container is None:
            return original(filename, *arguments, **options)
        with safe_open(container, framework, *arguments, **options) as file:
            return file.get_tensors()

    return load_file


def _existence(original):
    @functools.wraps(original)
    def exists(path):
        if original(path):
            return True
        return isinstance(path, (str, os.PathLike)) and str(path).endswith(_PLAIN) and _container(path) is not None

    return exists
