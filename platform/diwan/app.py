"""create_app(): the numbered steps from settings to a WSGI application.

It must not open a connection: a web process starts also while its servers are still starting.
"""

from __future__ import annotations

import gc
import logging

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from diwan import collaboration, files, jobs, leaving, mail, outgoing, rest, web
from diwan.audit import checks
from diwan.config import Config
from diwan.db.context import current
from diwan.db.engine import driver_url, engine_options, open_with_tenant
from diwan.extensions import csrf, db, login_manager
from diwan.kernel import loader
from diwan.kernel.catalogue import activate
from diwan.kit import logs, redaction, sealing
from diwan.operators import support
from diwan.users import breached, codes

log = logging.getLogger(__name__)


def provide(config: Config) -> None:
    """Tell this process what it keeps of its settings outside the application: of two applications, the last one's."""
    mail.configure(config)
    codes.provide_key(config.secret_key)
    sealing.provide_keys(config.secrets_keys, config.secret_key)
    breached.configure(config)
    files.configure(config)
    outgoing.configure(config)
    jobs.connect(config)
    leaving.configure(config)
    provided[:] = [config]


provided: list[Config] = []
"""The settings that this process keeps now."""


def create_app(config: Config | None = None) -> Flask:
    """Build the application of one process. Raises ConfigError, and PluginsNotReady in strict mode."""
    # 1. Settings
    config = (config or Config.from_env()).require_servers()
    redaction.install()
    redaction.know(*config.secrets)
    logs.to_stderr(lambda: current.where)
    app = Flask("diwan.web", static_folder=None)
    app.config.update(
        DIWAN=config,
        SECRET_KEY=config.secret_key,
        TESTING=config.testing,
        MAX_CONTENT_LENGTH=config.upload_limit + 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=5_000,
        SQLALCHEMY_DATABASE_URI=driver_url(config.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(
            pool_size=config.pool_size, statement_timeout=config.statement_timeout
        ),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=config.base_url.startswith("https://"),
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    if config.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.proxies, x_proto=config.proxies)  # type: ignore[method-assign]
    # 2. Plugins: all that are installed; which ones a tenant sees is its lineup
    app.extensions["diwan.plugins"] = activate(loader.load(strict=config.strict_plugins))
    # 3. Database, sessions, queue
    db.init_app(app)
    with app.app_context():
        open_with_tenant(db.engine)
    login_manager.init_app(app)
    csrf.init_app(app)
    provide(config)
    jobs.register(mail.JOB, mail.deliver, attempts=12)
    jobs.register(checks.CHECK, checks.check, batches=True, timeout=3600)
    jobs.register(collaboration.tasks.REMIND, collaboration.remind)
    jobs.register(support.ENDED, support.ended)
    collaboration.connect()
    # 4. The faces
    rest.register(app)
    web.register(app)
    # 5. Objects made so far live for ever: collecting garbage among them only costs time (see bench/README.md)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)
    return app
