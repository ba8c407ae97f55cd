"""What is said of a result in English and Chinese: `words.csv`, a row for each text, `key,en,zh`."""

from __future__ import annotations

from pathlib import Path

from ..files.words import read_words

FILE = Path(__file__).parent / "words.csv"
WORDS = read_words(FILE)
