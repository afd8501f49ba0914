"""`requirements/install.sh` on a machine that is not supported: it says so at once.

Takes: a PATH that stands for another system. Gives: failures that show what was printed. Installs nothing.
"""

import os
import shutil
import subprocess
from pathlib import Path


def test_another_system_is_told_so_before_any_of_its_tools_are_missed(root: Path, tmp_path: Path) -> None:
    """Without sha256sum, as on macOS, the message still names what is supported and what this is."""
    (tmp_path / "uname").write_text(
        '#!/bin/sh\n[ "$1" = -m ] && echo arm64 || echo Darwin\n', encoding="utf-8"
    )
    (tmp_path / "uname").chmod(0o755)
    for name in ("bash", "sh", "dirname", "cat", "cut"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [str(tmp_path / "bash"), str(root / "requirements" / "install.sh")],
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "supported: Linux on x86-64 with AVX2; this is Darwin on arm64" in done.stderr
