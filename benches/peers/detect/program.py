"""Runs the program; what is printed stands in tables of Markdown."""

import subprocess
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[3] / "target/release/latentia"


def run(*words):
    """Runs a command; what it said on standard error is the error where it fails."""
    done = subprocess.run([*map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")


def shown(title, rows):
    """Prints a table, its first row the header."""
    print(f"\n{title}\n\n| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}")
    for row in rows[1:]:
        print(f"| {' | '.join(row)} |")
