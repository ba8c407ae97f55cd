"""Text files are read as they say, as UTF-8, or as their bytes speak for."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sd_models.reading.encodings import decoded

CHINESE = "年份;0;2\n值;1,5;3\n城镇化率;0.6;0.7\n"


@pytest.mark.parametrize(
    ("source", "text", "guess"),
    [
        ("é = 1".encode(), "é = 1", ""),
        ("{UTF-8}\né".encode("utf-8-sig"), "{UTF-8}\né", ""),
        ("{GB2312}\n中".encode("gb2312"), "{GB2312}\n中", ""),
        ("{cp1252}\né".encode("cp1252"), "{cp1252}\né", ""),
        ("é = 1".encode("cp1252"), "é = 1", "Windows-1252"),
        ("{UTF-8}\né".encode("cp1252"), "{UTF-8}\né", "Windows-1252"),
        ("Größe = naïve Lösung à côté, señor".encode("cp1252"), "Größe = naïve Lösung à côté, señor", "Windows-1252"),
        (CHINESE.encode(), CHINESE, ""),
        (CHINESE.encode("gbk"), CHINESE, "GB18030 (GBK)"),
        (b"{UTF-8}\n" + CHINESE.encode("gbk"), "{UTF-8}\n" + CHINESE, "GB18030 (GBK)"),
        (CHINESE.encode("utf-16"), CHINESE, "UTF-16"),
        (codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"), CHINESE, "UTF-16"),
        ("a;b\n1;2\n".encode("utf-16-le"), "a;b\n1;2\n", "UTF-16"),
        (b'<?xml version="1.0" encoding="gbk"?>' + "中".encode("gbk"), '<?xml version="1.0" encoding="gbk"?>中', ""),
        (b"{punycode}\nx", "{punycode}\nx", ""),
        (b"{hex}\n78", "{hex}\n78", ""),
        (b"{no such}\nx", "{no such}\nx", ""),
        (b"\x81\xff", "\ufffdÿ", "Windows-1252"),
        (b"", "", ""),
    ],
)
def test_decoded(source: bytes, text: str, guess: str) -> None:
    """The declared encoding if it is one of texts, else UTF-8, else what the bytes speak for, which is said."""
    assert decoded(source) == (text, guess)


@given(st.binary())
def test_any_bytes(source: bytes) -> None:
    """Any bytes give a text."""
    assert isinstance(decoded(source)[0], str)
