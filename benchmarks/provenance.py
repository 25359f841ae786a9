"""What a measurement was made with, and where it goes."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import onnxruntime

from scanpage.document import Versions


def provenance(versions: Versions) -> dict[str, Any]:
    """Hardware, software, commit and weights, for the head of a result."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        },
        "software": {"python": platform.python_version(), "onnxruntime": onnxruntime.__version__},
        "commit": _commit(),
        "weights": {
            "scanpage": versions.scanpage,
            "detector": versions.detector,
            "recognizer": versions.recognizer,
            "prose": versions.prose,
        },
    }


def write_result(result: dict[str, Any], out: Path | None) -> None:
    """Show a result as JSON on standard output, and write it to `out` too where that is given."""
    text = json.dumps(result, indent=1) + "\n"
    sys.stdout.write(text)
    if out:
        out.write_text(text, "utf-8")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    """Commit of the working tree, with `+` where it holds changes; empty outside a repository."""
    folder = Path(__file__).parent
    try:
        head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=folder, capture_output=True, text=True)
        changes = subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=folder, capture_output=True)
    except FileNotFoundError:
        return ""
    return head.stdout.strip() + ("+" if changes.returncode == 1 else "") if head.returncode == 0 else ""
