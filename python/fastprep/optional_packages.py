"""Optional packages: they are imported where they are used, and an error names the extra to install."""

from __future__ import annotations

import importlib


def require(package: str, extra: str, purpose: str) -> None:
    """Raises unless ``package`` can be imported.

    Args:
        package: The top-level package.
        extra: The extra of fastprep that installs it.
        purpose: What needs it, for the error: ``Split.to_torch()``.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        message = f"{purpose} needs the package {package}; install it with: pip install 'fastprep[{extra}]'"
        raise ModuleNotFoundError(message, name=package) from error
