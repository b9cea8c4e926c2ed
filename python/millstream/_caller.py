"""Where the user's program called the library, for messages about something that came too late."""
import os
import sys

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


def caller():
    """"train.py:12", the innermost line that is not the library's; "" if there is none."""
    frame = sys._getframe()
    while frame is not None:
        file = frame.f_code.co_filename
        if not os.path.abspath(file).startswith(_PACKAGE) and not file.startswith("<frozen"):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
