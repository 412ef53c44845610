"""Reads prepared folders: `fastprep.load`, splits and samples of them, `retokenize`, `recommend`."""
