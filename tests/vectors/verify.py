#!/usr/bin/env python3
"""Do the scripts still give the committed golden vectors? tests/vectors/verify.py [NAME...] runs those whose path contains a
NAME, all without, in a copy of this folder, and compares what they write. Fails if a file differs by more than rounding.

A script that is run by itself writes over the committed files, which is how they are made anew.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# BLAS libraries differ in the last digits.
TOLERANCE = 1e-6
SEPARATORS = re.compile(r"[\s,;\[\]{}():\"]+")


def same_number(old, new):
    # Whole numbers are sizes, labels and bit patterns: no rounding there.
    if not re.search(r"[.e]", old + new):
        return False
    try:
        a, b = float(old), float(new)
    except ValueError:
        return False
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def difference(old, new):
    """What differs between two files' bytes, or None."""
    if old == new:
        return None
    try:
        old, new = SEPARATORS.split(old.decode()), SEPARATORS.split(new.decode())
    except UnicodeDecodeError:
        return f"{len(old)} bytes committed, {len(new)} other bytes made"
    for a, b in zip(old, new):
        if a != b and not same_number(a, b):
            return f"{a!r} committed, {b!r} made"
    return None if len(old) == len(new) else f"{len(old)} words committed, {len(new)} made"


def verify(script):
    """Runs one script; the files that it made differently."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "vectors"
        shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for file in copy.rglob("*"):
            os.utime(file, (0, 0))
        data = os.environ.get("HONE_DATA", str(HERE.parents[2] / "shared/data"))
        subprocess.run([sys.executable, copy / script], check=True, env=os.environ | {"HONE_DATA": data})
        written = [f for f in copy.rglob("*") if f.is_file() and f.stat().st_mtime > 0 and "__pycache__" not in f.parts]
        if not written:
            return [f"{script} wrote nothing"]
        found = []
        for file in written:
            committed = HERE / file.relative_to(copy)
            what = difference(committed.read_bytes(), file.read_bytes()) if committed.is_file() else "not committed"
            print(f"{script}: {file.relative_to(copy)}: {what or 'the same'}")
            found += [what] if what else []
        return found


def check_comparison():
    assert difference(b"a 1.0000001 [2]", b"a 1.0000002 [2]") is None
    for old, new in [("a 1.001", "a 1.002"), ("a 1.5", "b 1.5"), ("10000001", "10000002"), ("1.5 2.5", "1.5"), ("1.5", "nan")]:
        assert difference(old.encode(), new.encode()), (old, new)


if __name__ == "__main__":
    check_comparison()
    scripts = [p.relative_to(HERE) for p in sorted(HERE.rglob("*.py")) if p != HERE / "verify.py"]
    wanted = [s for s in scripts if not sys.argv[1:] or any(name in str(s) for name in sys.argv[1:])]
    sys.exit(any([verify(script) for script in wanted]) if wanted else "no script has such a name")
