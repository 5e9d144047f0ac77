"""The custody ledger as a Django app."""

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from traceability.errors import MaterialsMalformed, SettingNotUsable
from traceability.ledger.materials import packaged, read_materials, use


class TraceabilityConfig(AppConfig):
    name = "traceability"
    verbose_name = _("Custody ledger")

    def ready(self) -> None:
        """Know the words of this deployment; register what `check --deploy` asks the database."""
        from traceability.checks import check_append_only

        know_materials(settings.MATERIALS_FILE)
        register(check_append_only, Tags.security, deploy=True)


def know_materials(path: str) -> None:
    """Let this process know the words for materials in a file, beside those of every ledger.

    Raises:
        SettingNotUsable: the file cannot be read, or says what cannot be.
    """
    if not path:
        return
    try:
        text = Path(path).read_text(encoding="utf-8")
        use(read_materials(text, known=packaged()))
    except (OSError, UnicodeDecodeError) as error:
        because = f"must be a file that can be read: {error}"
        raise SettingNotUsable(name="MATERIALS_FILE", because=because) from None
    except MaterialsMalformed as error:
        raise SettingNotUsable(
            name="MATERIALS_FILE", because=f"names a bad file: {error.message}"
        ) from None
