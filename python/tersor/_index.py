"""Indices of slices, in the way of numpy: integers, slices with any step, and an ellipsis."""

import operator

from .errors import TersorError


def resolve(index, shape):
    """Returns one entry for each axis: an `int`, or a `range` of the selected indices.

    Raises `IndexError` for an integer that is outside its axis or too many indices, and `TersorError` for anything
    that is no integer, slice or ellipsis.
    """
    items = list(index) if isinstance(index, tuple) else [index]
    ellipses = [position for position, item in enumerate(items) if item is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("an index can only have a single ellipsis")
    missing = len(shape) - (len(items) - len(ellipses))
    if missing < 0:
        raise IndexError(f"too many indices: {len(items) - len(ellipses)} for {len(shape)} axes")
    place = ellipses[0] if ellipses else len(items)
    items[place : place + 1] = [slice(None)] * missing
    return [_resolve_axis(item, axis, size) for axis, (item, size) in enumerate(zip(items, shape, strict=True))]


def _resolve_axis(item, axis, size):
    if isinstance(item, slice):
        return range(size)[item]
    try:
        number = operator.index(item)
    except TypeError:
        message = f"an index is an integer, a slice or an ellipsis, not {type(item).__name__}"
        raise TersorError(message) from None
    if not -size <= number < size:
        raise IndexError(f"index {number} is out of bounds for axis {axis} with size {size}")
    return number % size


def bounds(selected):
    """Returns the smallest range `(start, end)` that holds the selected indices of an axis."""
    if isinstance(selected, int):
        return selected, selected + 1
    if not selected:
        return 0, 0
    first, last = selected[0], selected[-1]
    return min(first, last), max(first, last) + 1


def within(selected):
    """Returns the index that selects the same elements in an array that has only the `bounds`."""
    if isinstance(selected, int):
        return 0
    # with a negative step, the last element of the array is the first one selected
    return slice(None, None, selected.step)
