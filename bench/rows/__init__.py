"""The rows of the table, one file for each group; importing this makes all of them known."""
import importlib
import pathlib

# In the order of the table; a group that is not named here comes after these.
ORDER = ("start", "latency", "idle", "throughput", "emulator", "recovery", "fanout", "storage")

found = sorted(p.stem for p in pathlib.Path(__file__).parent.glob("*.py") if p.stem != "__init__")
for group in [*ORDER, *(g for g in found if g not in ORDER)]:
    importlib.import_module(f"rows.{group}")
