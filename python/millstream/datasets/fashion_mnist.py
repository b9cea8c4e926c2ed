"""60,000 and 10,000 pictures of clothes (Debian package dataset-fashion-mnist)."""
from millstream import _core

class_names = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
               "Bag", "Ankle boot")


def load_data():
    """((train images, labels), (test images, labels)) as NumPy arrays of uint8.

    NotFoundError if the files are not on this machine; it says where they are looked for.
    """
    train, test = _core.load_dataset("fashion_mnist")
    return tuple(x.numpy() for x in train), tuple(x.numpy() for x in test)
