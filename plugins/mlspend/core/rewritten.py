"""Deliveries that come again under an id that was landed before, but with other files."""

import hashlib
from dataclasses import replace

from mlspend.core.deliveries import Delivery, ExportFile


def holds_same_files(one: Delivery, other: Delivery) -> bool:
    """Return whether both name the same files: by name and size, at the same place by ETag too.

    A copy of an export lies elsewhere and may have other ETags; it is the same delivery all the same.
    """
    mine, others = _by_name(one), _by_name(other)
    if {name: file.size for name, file in mine.items()} != {name: file.size for name, file in others.items()}:
        return False
    return all(
        file.etag == others[name].etag or file.uri != others[name].uri or None in (file.etag, others[name].etag)
        for name, file in mine.items()
    )


def distinguish_rewritten(found: Delivery, landed: Delivery) -> Delivery:
    """Return `found` under a version of its own where it is a newer one than `landed`, which bears the same version.

    An execution or assembly id is written once. One that comes again with other files, and was made later, is a
    restatement like any other; it is not one as long as only its files are newer: then the next delivery is being
    written over them, and its manifest will say so.
    """
    if holds_same_files(found, landed) or found.delivered_at <= landed.delivered_at:
        return found
    files = sorted(f"{file.uri}\t{file.size}\t{file.etag}" for file in found.files)
    digest = hashlib.sha256("\n".join(files).encode()).hexdigest()[:12]
    return replace(found, version=f"{found.version}-rewritten-{digest}")


def _by_name(delivery: Delivery) -> dict[str, ExportFile]:
    return {file.uri.rsplit("/", 1)[-1]: file for file in delivery.files}
