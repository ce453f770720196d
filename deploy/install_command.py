"""Make `dondoc` a command of this virtual environment, running from this folder: a .pth file and a script."""

import sys
import sysconfig
from pathlib import Path

project = Path(__file__).resolve().parent.parent
site_packages = Path(sysconfig.get_path("purelib"))
script = Path(sysconfig.get_path("scripts")) / "dondoc"

(site_packages / "dondoc.pth").write_text(f"{project}\n", encoding="utf-8")
script.write_text(f"#!{sys.executable}\nfrom services.cli import main\n\nmain()\n", encoding="utf-8")
script.chmod(0o755)
