"""What MkDocs calls when the site is built: each dead link is a warning, which `make site` does not pass.

Owns the joint with MkDocs, and that warnings count in a quiet build, too; leaves judging to
`pages.hyperlinks`.
"""

import logging
from pathlib import Path
from typing import Literal

from mkdocs.config.defaults import MkDocsConfig

from pages.hyperlinks import check_site

_log = logging.getLogger("mkdocs.hooks.links")
#: A wrong link in the header stands on every page.
MAX_SHOWN = 40


def on_startup(command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
    """Let warnings through: `--quiet` hides them from the count of `--strict`, too."""
    logger = logging.getLogger("mkdocs")
    logger.setLevel(min(logger.getEffectiveLevel(), logging.WARNING))


def on_post_build(config: MkDocsConfig) -> None:
    """Warn of each link that leads nowhere."""
    broken = list(check_site(Path(config.site_dir)))
    for each in broken[:MAX_SHOWN]:
        _log.warning("%s", each)
    if len(broken) > MAX_SHOWN:
        _log.warning("%d more dead links", len(broken) - MAX_SHOWN)


__all__ = ["on_post_build", "on_startup"]
