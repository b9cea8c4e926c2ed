"""Nested structures of lists, tuples, named tuples and dicts."""


def is_nested(structure):
    return isinstance(structure, (list, tuple, dict))


def flatten(structure):
    """The leaves in order; dicts by sorted keys."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in flatten(item)]
    return [structure]


def pack_sequence_as(structure, flat_sequence):
    """The leaves of flat_sequence, arranged like `structure`."""
    leaves = iter(flat_sequence)
    packed = _pack(structure, leaves)
    if next(leaves, leaves) is not leaves:
        raise ValueError("flat_sequence has more leaves than structure")
    return packed


def map_structure(func, *structures):
    """func of the leaves that stand in the same place."""
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    leaves = zip(*map(flatten, structures))
    return pack_sequence_as(structures[0], [func(*group) for group in leaves])


def assert_same_structure(nest1, nest2):
    if is_nested(nest1) != is_nested(nest2):
        raise ValueError(f"The two structures don't have the same nested structure: {nest1!r}, "
                         f"{nest2!r}")
    if not is_nested(nest1):
        return
    if type(nest1) is not type(nest2):
        raise TypeError(f"The two structures don't have the same sequence type: {type(nest1)}, "
                        f"{type(nest2)}")
    keys = sorted(nest1) if isinstance(nest1, dict) else range(len(nest1))
    others = sorted(nest2) if isinstance(nest2, dict) else range(len(nest2))
    if list(keys) != list(others):
        raise ValueError(f"The two structures don't have the same number of elements or keys: "
                         f"{nest1!r}, {nest2!r}")
    for key in keys:
        assert_same_structure(nest1[key], nest2[key])


def _pack(structure, leaves):
    if isinstance(structure, dict):
        packed = {key: _pack(structure[key], leaves) for key in sorted(structure)}
        return type(structure)((key, packed[key]) for key in structure)
    if isinstance(structure, (list, tuple)):
        items = [_pack(item, leaves) for item in structure]
        return structure._make(items) if hasattr(structure, "_make") else type(structure)(items)
    try:
        return next(leaves)
    except StopIteration:
        raise ValueError("flat_sequence has fewer leaves than structure") from None
