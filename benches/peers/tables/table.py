"""What the scripts share: a CSV file as columns of text and of values, and the program that is measured."""

import argparse
import shlex
import subprocess
import time
from pathlib import Path

import pandas

MISSING = ["", "NA"]
SETS = "wine,breast_cancer,diabetes,iris,penguins,movies,PimaIndiansDiabetes2,HouseVotes84,Soybean"
PROGRAM = Path(__file__).resolve().parents[3] / "target/release/latentia"


def arguments(description, sets, **commands):
    """What a script is told: the folder of tables, one to work in, the program, which tables; and further options of its commands."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    for command, usual in commands.items():
        parser.add_argument(f"--{command}", default=usual, help=f"further options of `latentia {command}`")
    parser.add_argument("--sets", default=sets, help="which tables, by comma")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    return options


def read(path):
    """The cells of a CSV file as text, NaN where one is missing."""
    return pandas.read_csv(path, dtype=str, keep_default_na=False, na_values=MISSING)


def values(text, like=None):
    """Columns of numbers as floats, the others as they are: where all known cells of `text`, or of `like`, are numbers."""
    like = text if like is None else like
    parsed = {column: pandas.to_numeric(like[column], errors="coerce") for column in like}
    numbers = [column for column in like if parsed[column].notna().equals(like[column].notna())]
    return text.assign(**{column: pandas.to_numeric(text[column], errors="coerce").astype(float) for column in numbers})


def kinds(table):
    """The names of the columns of numbers, and of the others."""
    numbers = [column for column in table if table[column].dtype.kind == "f"]
    return numbers, [column for column in table if column not in numbers]


class Failed(Exception):
    """What the program said when it failed."""


class Program:
    """The program that is measured."""

    def __init__(self, path):
        self.path = path

    def needs(self, command):
        """Fails in words where the program is missing or has no such command."""
        if not Path(self.path).exists():
            raise Failed(f"no program at {self.path}: `cargo build --release`, or give --program")
        if subprocess.run([self.path, command, "--help"], capture_output=True).returncode:
            raise Failed(f"the program has no command `{command}`")

    def run(self, *words, notes=None):
        """Runs a command; gives its standard output and the seconds it took, and writes its standard error to `notes`."""
        begin = time.perf_counter()
        done = subprocess.run([self.path, *map(str, words)], capture_output=True, text=True)
        if notes:
            notes.write_text(done.stderr)
        if done.returncode:
            said = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
            raise Failed(f"`latentia {shlex.join(map(str, words))}`:\n{said}")
        return done.stdout, time.perf_counter() - begin
