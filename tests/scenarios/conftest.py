"""Every story here begins its own ledger, so it has its own guard and its own secrets."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_places(request, tmp_path, settings):
    """Point guard and log key to places of this test: the database starts over, so must they."""
    if request.node.get_closest_marker("django_db"):
        key = Path(shutil.copy(settings.LOG_KEY_FILE, tmp_path / "log_key"))
        settings.GUARD_PATH, settings.LOG_KEY_FILE = str(tmp_path / "checkpoint"), str(key)
