"""Damages the project's models in random ways and loads them: only errors of our own may come out, and soon.

    python tests/fuzz/mutate_models.py --count 100000 --seed 0

Each case is made from the seed and its number alone; `--first N --count 1` makes case N again. What raised another
error or took too long is kept in a folder, with the error beside it. The exit status is 1 if anything was.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
SUFFIXES = (".mdl", ".xmile", ".stmx", ".itmx")
SLOW = 5.0  # seconds that the process computes: other work on the machine does not count
TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")
# Words that mean something to Vensim, Stella, PySD or Python, two blanks between them.
WORDS = re.split(
    rb"\s{2,}",
    rb"""~  |  ~~|  :=  ==  =  :  ::  (  )  [  ]  {  }  <  >  <->  ->  !  ,  ;  "  '  \  \"  %  %s  %(x)s  &  &lt;  ]]>
    0  1  -1  1e308  1e-308  1e999  :NA:  0/0  999999999999999999999  NaN  inf  Time  lambda  None  True  {UTF-8}
    INTEG(  SMOOTH(  SMOOTH3I(  DELAY1(  DELAY3I(  DELAY FIXED(  DELAY N(  SAMPLE IF TRUE(  INITIAL(  ACTIVE INITIAL(
    IF THEN ELSE(  WITH LOOKUP(  GET DIRECT CONSTANTS(  GET XLS DATA(  SUM(  VMAX(  ELMCOUNT(  TABBED ARRAY(  TREND(
    RANDOM UNIFORM(  PULSE TRAIN(  XIDZ(  ALLOCATE AVAILABLE(  FORECAST(  :EXCEPT:  :RAW:  :INTERPOLATE:  :MACRO:
    :END OF MACRO:  :SUPPLEMENTARY:  :AND:  :OR:  :NOT:  \\\---///  ///---\\\  (A1-A9)  '../x.csv'  __import__('os')
    <eqn>  </eqn>  <aux name="x">  <gf>  <dim name="x"/>  <!DOCTYPE x>  <!--  -->  <![CDATA[  xmlns=  \x00""",
)


class TooSlow(BaseException):
    """Raised into a load that takes too long; no handler of errors may catch it."""


@dataclass
class Tally:
    """What came of the cases so far."""

    results: Counter[str] = field(default_factory=Counter)
    offences: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "none")


def main() -> int:
    """Run all cases and print what came of them."""
    options = _options()
    sources = sorted(p for folder in (ROOT / "sd_models", ROOT / "tests" / "models") for p in _models(folder))
    if not sources:
        print("There are no models to damage.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGPROF, _interrupt)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tally = Tally()
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as name:
        _run_all(options, sources, _copies(sources, Path(name)), tally)
    _report(tally, options.out)
    return 1 if tally.offences else 0


def _run_all(options: argparse.Namespace, sources: Sequence[Path], folders: dict[Path, Path], tally: Tally) -> None:
    """All cases; an interruption keeps what came of those before it."""
    end = time.monotonic() + options.seconds
    for number in range(options.first, options.first + options.count):
        if time.monotonic() > end:
            break
        _run(number, options.seed, sources, folders, options.out, tally)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="number of cases")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other cases")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--out", type=Path, default=Path("fuzz-offences"), help="folder for what offends")
    return parser.parse_args()


def _models(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def _copies(sources: Sequence[Path], root: Path) -> dict[Path, Path]:
    """A copy of each model's folder, so that data files stand beside the damaged models."""
    copies = {folder: root / str(index) for index, folder in enumerate({path.parent for path in sources})}
    for folder, copy in copies.items():
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copies


def _run(number: int, seed: int, sources: Sequence[Path], folders: dict[Path, Path], out: Path, tally: Tally) -> None:
    """Make one case, load it and note what came of it."""
    chance = random.Random(f"{seed} {number}")
    source = chance.choice(sources)
    content = _damaged(chance, source.read_bytes(), [p for p in sources if p.suffix == source.suffix])
    path = folders[source.parent] / f"damaged{source.suffix}"
    path.write_bytes(content)
    start = time.process_time()
    result, trace = _loaded(path)
    seconds = time.process_time() - start
    tally.results[result] += 1
    tally.slowest = max(tally.slowest, (seconds, f"case {number} of {source.name}"))
    if trace:
        tally.offences.append(f"case {number} of {source.name}: {trace.strip().splitlines()[-1]}")
        _keep(out / f"{number:06}{source.suffix}", content, f"{source}\n{seconds:.1f} s\n{trace}")


def _loaded(path: Path) -> tuple[str, str]:
    """What loading gives: the name of the outcome, and the trace of what must not happen."""
    from sd_models import load
    from sd_models.errors import ModelError

    try:
        with warnings.catch_warnings(), _limited():
            warnings.simplefilter("ignore")
            load(path)
    except ModelError as error:
        named = error.faults and all(fault.file and fault.found for fault in error.faults)
        return type(error).__name__, "" if named else f"{error}\nan error that does not name the file"
    except TooSlow:
        return "slow", f"{traceback.format_exc()}\nit took longer than {SLOW:g} seconds"
    except Exception as error:
        return f"offence: {type(error).__name__}", traceback.format_exc()
    return "loaded", ""


@contextmanager
def _limited() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, SLOW)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _keep(path: Path, content: bytes, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.with_suffix(".txt").write_text(text, encoding="utf-8")


def _report(tally: Tally, out: Path) -> None:
    print(f"{sum(tally.results.values())} cases")
    for result, count in tally.results.most_common():
        print(f"{count:8}  {result}")
    print(f"slowest: {tally.slowest[0]:.2f} s, {tally.slowest[1]}")
    for offence in tally.offences[:20]:
        print(offence)
    print(f"{len(tally.offences)} offences" + (f", kept in {out}" if tally.offences else ""))


# --- damage -----------------------------------------------------------------------------------------------------------


def _damaged(chance: random.Random, content: bytes, others: Sequence[Path]) -> bytes:
    """The content after one to five changes."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        content = chance.choice(_DAMAGES)(chance, content, others)
    return content


def _span(chance: random.Random, content: bytes, longest: int) -> slice:
    """A random stretch of the content."""
    start = chance.randrange(len(content) + 1)
    return slice(start, min(len(content), start + chance.randint(1, longest)))


def _flip(chance: random.Random, content: bytes, _others: Sequence[Path]) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4) if content else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _swap(chance: random.Random, content: bytes, _others: Sequence[Path]) -> bytes:
    tokens = TOKEN.findall(content)
    if len(tokens) > 1:
        one, other = chance.sample(range(len(tokens)), 2)
        tokens[one], tokens[other] = tokens[other], tokens[one]
    return b"".join(tokens)


def _replace(chance: random.Random, content: bytes, _others: Sequence[Path]) -> bytes:
    tokens = TOKEN.findall(content)
    if tokens:
        tokens[chance.randrange(len(tokens))] = chance.choice((*WORDS, chance.choice(tokens)))
    return b"".join(tokens)


def _insert(chance: random.Random, content: bytes, _others: Sequence[Path]) -> bytes:
    place = chance.randrange(len(content) + 1)
    words = b" ".join(chance.choices(WORDS, k=chance.choice((1, 1, 2, 8)))) * chance.choice((1, 1, 1, 1000))
    return content[:place] + words + content[place:]


def _delete(chance: random.Random, content: bytes, _others: Sequence[Path]) -> bytes:
    gone = _span(chance, content, chance.choice((1, 20, 500)))
    return content[: gone.start] + content[gone.stop :]


def _duplicate(chance: random.Random, content: bytes, _others: Sequence[Path]) -> bytes:
    part = content[_span(chance, content, chance.choice((1, 20, 500)))] * chance.choice((1, 1, 2, 100))
    place = chance.randrange(len(content) + 1)
    return content[:place] + part + content[place:]


def _splice(chance: random.Random, content: bytes, others: Sequence[Path]) -> bytes:
    part = chance.choice(others).read_bytes()
    place = chance.randrange(len(content) + 1)
    return content[:place] + part[_span(chance, part, chance.choice((50, 500, len(part) + 1)))] + content[place:]


def _truncate(chance: random.Random, content: bytes, _others: Sequence[Path]) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


_DAMAGES: tuple[Callable[[random.Random, bytes, Sequence[Path]], bytes], ...] = (
    *(_flip, _swap, _swap, _replace, _replace, _insert, _delete, _duplicate, _splice),
    _truncate,
)


if __name__ == "__main__":
    sys.exit(main())
