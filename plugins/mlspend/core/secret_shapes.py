"""Recognise secrets by their name or their shape, so that they can be refused without being repeated."""

import itertools
import re

_SECRET_WORDS = frozenset(
    ["token", "password", "passwd", "pwd", "passphrase", "secret", "secrets", "credential", "credentials", "apikey"],
)
_SECRET_PAIRS = frozenset(
    {
        ("access", "key"),
        ("account", "key"),
        ("api", "key"),
        ("connection", "string"),
        ("private", "key"),
        ("shared", "key"),
    }
)
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    # AKIA: long-lived keys, ASIA: keys of a session. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    ("an AWS access key", re.compile(r"(?<![A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")),
    ("a Slack token", re.compile(r"xox[a-z]-|xapp-")),
    ("a Slack webhook address", re.compile(r"hooks\.slack(-gov)?\.com/(services|workflows|triggers)/", re.IGNORECASE)),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("a signed address", re.compile(r"[?&;](sig|X-Amz-Signature|X-Goog-Signature)=", re.IGNORECASE)),
    ("a storage account key", re.compile(r"(AccountKey|SharedAccessKey|SharedAccessSignature)\s*=", re.IGNORECASE)),
    ("a GitHub token", re.compile(r"(?<![A-Za-z0-9])(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})")),
    ("an address with a password", re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#\s]*:[^/?#\s]*@")),
)


def is_secret_name(name: str) -> bool:
    """Tell whether a key called `name` would hold a secret.

    >>> is_secret_name("slackToken"), is_secret_name("aws_secret_access_key"), is_secret_name("tokenization")
    (True, True, False)
    """
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    return bool(_SECRET_WORDS.intersection(words)) or not _SECRET_PAIRS.isdisjoint(itertools.pairwise(words))


def secret_shape(text: str) -> str | None:
    """Return what kind of secret `text` holds, None where it holds none that we know.

    >>> secret_shape("s3://exports/aws") is None
    True
    >>> secret_shape("https://ada:" + "lovelace@example.com/x")
    'an address with a password'
    """
    return next((kind for kind, shape in _SHAPES if shape.search(text)), None)
