"""Optional peers: imported where they are used, with an error that names the extra to install."""

from __future__ import annotations

import importlib


def require(package: str, extra: str, purpose: str) -> None:
    """Fails unless ``package`` can be imported.

    Args:
        package: The top-level package.
        extra: The extra of fastprep that brings it.
        purpose: What needs it, as the error words it: ``Split.to_torch()``.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        message = f"{purpose} needs {package}: pip install 'fastprep[{extra}]'"
        raise ModuleNotFoundError(message, name=package) from error
