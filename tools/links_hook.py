"""What MkDocs calls when the site is built: each dead link is a warning, which `make site` does not pass.

Owns the joint with MkDocs; leaves judging to `pages.hyperlinks`.
"""

import logging
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from pages.hyperlinks import check_site

_log = logging.getLogger("mkdocs.hooks.links")
#: A wrong link in the header stands on every page.
MAX_SHOWN = 40


def on_post_build(config: MkDocsConfig) -> None:
    """Warn of each link that leads nowhere."""
    broken = list(check_site(Path(config.site_dir)))
    for each in broken[:MAX_SHOWN]:
        _log.warning("%s", each)
    if len(broken) > MAX_SHOWN:
        _log.warning("%d more dead links", len(broken) - MAX_SHOWN)


__all__ = ["on_post_build"]
