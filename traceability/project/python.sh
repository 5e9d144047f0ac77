# Sourced by `run` and `test`: sets $python to a Python 3.11 or newer, or says what is missing.
for python in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 none; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
done
if [ "$python" = none ]; then
    echo "Python 3.11 or newer was not found. Install it, or set PYTHON to its path." >&2
    exit 1
fi
