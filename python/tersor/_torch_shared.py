"""Finds tensors of torch that share memory."""

from collections import defaultdict


def groups(tensors):
    """Returns sets of names: the tensors of one set overlap in memory, and those of different sets do not."""
    by_storage = defaultdict(list)
    for name, tensor in tensors.items():
        if tensor.device.type != "meta" and tensor.numel() > 0 and tensor.untyped_storage().nbytes() > 0:
            place = (tensor.device, tensor.untyped_storage().data_ptr())
            by_storage[place].append((*_extent(tensor), name))
    found = []
    for extents in by_storage.values():
        end = None
        for start, own_end, name in sorted(extents):
            if end is None or start >= end:
                found.append(set())
                end = own_end
            found[-1].add(name)
            end = max(end, own_end)
    return found


def duplicates(tensors, preferred=()):
    """Returns, for each tensor that is kept, the names of the tensors that share its memory and need not be saved.

    A tensor is kept that covers all of its storage: one of `preferred`, or the first by name.
    """
    removed = {}
    for group in groups(tensors):
        if len(group) < 2:
            continue
        complete = {name for name in group if _is_complete(tensors[name])}
        if not complete:
            raise RuntimeError(f"None of the tensors {sorted(group)} covers the memory that they share")
        kept = min(complete.intersection(preferred) or complete)
        removed[kept] = sorted(group - {kept})
    return removed


def _extent(tensor):
    """Returns the addresses of the first byte of a tensor and of the byte after its last one."""
    start = tensor.data_ptr()
    last = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return start, start + (last + 1) * tensor.element_size()


def _is_complete(tensor):
    storage = tensor.untyped_storage()
    return tensor.data_ptr() == storage.data_ptr() and tensor.numel() * tensor.element_size() == storage.nbytes()
