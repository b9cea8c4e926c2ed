"""`python -m millstream`: version, devices and settings."""
from millstream import _core, config

print(f"Millstream {_core.__version__}")
for device in config.list_logical_devices():
    print(f"  {device.name}")
print(_core.settings_table(), end="")
