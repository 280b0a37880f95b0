"""The exception of the package."""

try:
    from safetensors import SafetensorError as _Base
except ImportError:
    _Base = Exception


class TersorError(_Base):
    """An error about a container or about an argument.

    It is a `SafetensorError` too if the package safetensors is installed, so that programs which catch that one still
    do. A file that does not exist raises `FileNotFoundError` instead.
    """

    def __init__(self, message, kind="invalid argument", section=None, tensor=None, offset=None):
        super().__init__(message)
        #: `truncated`, `corrupt`, `unsupported`, `limit`, `invalid argument`, `io` or `cancelled`
        self.kind = kind
        #: the section of the file, or `None`
        self.section = section
        #: the name of the tensor or file, or `None`
        self.tensor = tensor
        #: the offset in bytes from the start of the file, or `None`
        self.offset = offset

    def __reduce__(self):
        return type(self), (str(self), self.kind, self.section, self.tensor, self.offset)

    @property
    def place(self):
        """The place of the problem as a dictionary: section, tensor and offset, as far as they are known."""
        place = {"section": self.section, "tensor": self.tensor, "offset": self.offset}
        return {key: value for key, value in place.items() if value is not None}
