"""T3: the terminal emulator alone, in memory."""
import rig
from rig import corpus, row

TARGETS = {"plain": 600, "sgr": 200, "uni": 250, "cur": 250}


def feed(path, *options):
    """MB/s; the program takes the best of its repetitions, in processor time."""
    line = rig.run(rig.args.build / "src" / "vt" / "vt_bench", "--repeat", 1 if rig.args.quick else 3, *options, path)
    return {"rate": float(line.stdout.split()[1])}


def has_libvterm(path):
    try:
        feed(path, "--vterm")
    except RuntimeError:  # built without it
        return False
    return True


@row("T3")
def emulator_alone():
    small = corpus("plain")
    with_reference = has_libvterm(small)
    for name, target in TARGETS.items():
        path = corpus(name)
        pairs = rig.turns(lambda path=path: feed(path),
                          lambda path=path: feed(path, "--vterm") if with_reference else {"rate": 1},
                          1 if rig.args.quick else 3)
        a, b, ratio = rig.medians(pairs, "rate")
        rig.report("T3", f"vt_feed alone, {name}", f"{a:.0f} MB/s",
                   f"libvterm {b:.0f} MB/s" if with_reference else "libvterm skipped: built without it",
                   f"{ratio:.0f} ×" if with_reference else "-", f"≥ {target} MB/s", a >= target, pairs)
