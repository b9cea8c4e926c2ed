"""Data sets that are on this machine; nothing is downloaded."""
from millstream.datasets import fashion_mnist, mnist  # noqa: F401
