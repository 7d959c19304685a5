"""One frozen, typed settings object, read from the environment once.

It must fail loudly on a value that it cannot use, and never read a file or open a connection.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diwan.kit.destinations import parse_allowances
from diwan.kit.sealing import parse_keys

TRUE = {"1", "true", "yes", "on"}


class ConfigError(Exception):
    """A setting is missing or unusable; the text names the variable and what it takes."""


@dataclass(frozen=True)
class Config:
    """The settings of one process. Sizes are bytes, times are seconds."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = ""
    database_url: str = field(default="", repr=False)
    database_owner_url: str = field(default="", repr=False)
    database_admin_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    secrets_keys: str = field(default="", repr=False)
    mail_url: str = field(default="", repr=False)
    mail_from: str = "Diwan <no-reply@localhost>"
    files_url: str = field(default="", repr=False)
    files_secret: str = field(default="", repr=False)
    files_quota: int = 0
    closing_days: int = 30
    strict_plugins: bool = False
    testing: bool = False
    web_workers: int = 2
    web_threads: int = 4
    job_workers: int = 2
    pool_size: int = 10
    upload_limit: int = 25 * 1024 * 1024
    api_rate: int = 600
    person_rate: int = 600
    tenant_rate: int = 6000
    ip_rate: int = 1200
    form_limit: int = 1024 * 1024
    hosts: tuple[str, ...] = ()
    security_contact: str = ""
    outgoing_allow: str = ""
    statement_timeout: int = 30
    proxies: int = 0
    operator_without_2fa: bool = False
    country_header: str = ""
    breached_passwords: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read the settings. `DIWAN_HOME` must be known; the servers' addresses may come later from `embedded`."""
        env = os.environ if env is None else env
        home = env.get("DIWAN_HOME")
        if not home:
            raise ConfigError("DIWAN_HOME is not set: name the folder for Diwan's data, or start with `diwan run`.")
        host, port = env.get("DIWAN_HOST", cls.host), _number(env, "DIWAN_PORT", cls.port)
        return cls(
            home=Path(home).expanduser().absolute(),
            host=host,
            port=port,
            base_url=env.get("DIWAN_URL", f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}"),  # noqa: S104
            database_url=env.get("DATABASE_URL", ""),
            database_owner_url=env.get("DATABASE_OWNER_URL", ""),
            database_admin_url=env.get("DATABASE_ADMIN_URL", ""),
            redis_url=env.get("REDIS_URL", ""),
            secret_key=env.get("DIWAN_SECRET_KEY", ""),
            secrets_keys=_secrets_keys(env),
            mail_url=env.get("DIWAN_MAIL_URL", ""),
            mail_from=env.get("DIWAN_MAIL_FROM", cls.mail_from),
            files_url=env.get("DIWAN_FILES_URL", ""),
            files_secret=env.get("DIWAN_FILES_SECRET", ""),
            files_quota=_number(env, "DIWAN_FILES_QUOTA", cls.files_quota),
            closing_days=_number(env, "DIWAN_CLOSING_DAYS", cls.closing_days),
            strict_plugins=env.get("DIWAN_PLUGINS", "") == "strict",
            testing=env.get("DIWAN_TESTING", "").lower() in TRUE,
            web_workers=_number(env, "DIWAN_WEB_WORKERS", cls.web_workers),
            web_threads=_number(env, "DIWAN_WEB_THREADS", cls.web_threads),
            job_workers=_number(env, "DIWAN_JOB_WORKERS", cls.job_workers),
            pool_size=_number(env, "DIWAN_POOL_SIZE", cls.pool_size),
            upload_limit=_number(env, "DIWAN_UPLOAD_LIMIT", cls.upload_limit),
            api_rate=_number(env, "DIWAN_API_RATE", cls.api_rate),
            person_rate=_number(env, "DIWAN_PERSON_RATE", cls.person_rate),
            tenant_rate=_number(env, "DIWAN_TENANT_RATE", cls.tenant_rate),
            ip_rate=_number(env, "DIWAN_IP_RATE", cls.ip_rate),
            form_limit=_number(env, "DIWAN_FORM_LIMIT", cls.form_limit),
            hosts=tuple(name.strip().lower() for name in env.get("DIWAN_HOSTS", "").split(",") if name.strip()),
            security_contact=_contacts(env.get("DIWAN_SECURITY_CONTACT", "")),
            outgoing_allow=_outgoing_allow(env),
            statement_timeout=_number(env, "DIWAN_STATEMENT_TIMEOUT", cls.statement_timeout),
            proxies=_number(env, "DIWAN_PROXIES", cls.proxies),
            operator_without_2fa=env.get("DIWAN_OPERATOR_WITHOUT_2FA", "").lower() in TRUE,
            country_header=env.get("DIWAN_COUNTRY_HEADER", ""),
            breached_passwords=Path(env["DIWAN_BREACHED_PASSWORDS"]) if env.get("DIWAN_BREACHED_PASSWORDS") else None,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values, and addresses with passwords in them, that no log may show."""
        keys = (key.partition(":")[2] for key in self.secrets_keys.split(","))
        addresses = (self.database_url, self.database_owner_url, self.database_admin_url, self.redis_url)
        return (self.secret_key, *keys, *addresses, self.mail_url, self.files_url, self.files_secret)

    def require_servers(self) -> Config:
        """Return self, or say which addresses are missing."""
        missing = [
            name
            for name, value in (
                ("DATABASE_URL", self.database_url),
                ("REDIS_URL", self.redis_url),
                ("DIWAN_SECRET_KEY", self.secret_key),
            )
            if not value
        ]
        if missing:
            raise ConfigError(
                f"{', '.join(missing)} not set: start with `diwan run` for the embedded servers, or set them to yours."
            )
        return self


def _secrets_keys(env: Mapping[str, str]) -> str:
    text = env.get("DIWAN_SECRETS_KEYS", "")
    try:
        parse_keys(text)
    except ValueError as error:
        raise ConfigError(f"DIWAN_SECRETS_KEYS cannot be used: {error}.") from None
    return text


def _outgoing_allow(env: Mapping[str, str]) -> str:
    text = env.get("DIWAN_OUTGOING_ALLOW", "")
    try:
        parse_allowances(text)
    except ValueError as error:
        raise ConfigError(f"DIWAN_OUTGOING_ALLOW cannot be used: {error}.") from None
    return text


def _contacts(text: str) -> str:
    """Return where to report holes, as addresses (RFC 9116), separated by commas."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    found = [f"mailto:{part}" if "@" in part and ":" not in part else part for part in found]
    for part in found:
        if not part.startswith(("mailto:", "https://", "tel:")) or not part.isprintable() or " " in part:
            raise ConfigError(f"DIWAN_SECURITY_CONTACT takes e-mail addresses, https:// or tel:, not {part!r}.")
    return ",".join(found)


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name)
    if text is None or text == "":
        return default
    try:
        value = int(text)
    except ValueError:
        raise ConfigError(f"{name} must be a whole number, not {text!r}.") from None
    if value < 0:
        raise ConfigError(f"{name} must not be negative.")
    return value
