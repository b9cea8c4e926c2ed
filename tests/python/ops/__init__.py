"""The op test table: one row for each op, in one file for each family. See table.py."""
import importlib
import pkgutil


def load_rows():
    """All rows, after importing every family."""
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("test_"):
            importlib.import_module(f"{__name__}.{module.name}")
    from ops.table import ROWS
    return ROWS
