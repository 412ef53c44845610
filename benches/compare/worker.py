"""Does one thing in a process of its own: `worker.py MODULE FUNCTION PATH…`; prints its answer, if any, as JSON."""

import importlib
import json
import sys
from pathlib import Path

if __name__ == "__main__":
    module, function, *paths = sys.argv[1:]
    answer = getattr(importlib.import_module(module), function)(*map(Path, paths))
    if answer is not None:
        print(json.dumps(answer))
