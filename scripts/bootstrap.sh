#!/usr/bin/env bash
# Builds .venv from requirements.lock, every file checked by its hash. A second call costs nothing.
#
# Uses uv where it is at hand; else Python's own venv, and uv from there. PYTHON=… picks the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf '\n%s\n' "$*" >&2; exit 1; }
say() { printf '\033[2m%s\033[0m\n' "$*" >&2; }
[ -t 2 ] || say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    fail "Basefly needs Python 3.11 or newer, and found none.
Install it (Debian, Ubuntu: apt-get install python3 python3-venv), or say where it is: make up PYTHON=/path/to/python3"
}

# Debian ships Python without ensurepip; root may simply add it, everybody else is told how.
need_ensurepip() {
    "$python" -c 'import ensurepip' 2>/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Adding python3-venv, which this Python came without"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; } >/dev/null || true
        "$python" -c 'import ensurepip' 2>/dev/null && return
    fi
    fail "$python cannot make a virtual environment, because its module ensurepip is missing.
Debian, Ubuntu: apt-get install python3-venv. Or install uv, which needs neither. Then try again."
}

# The lock's own lines for one package.
locked() { awk -v name="$1==" 'index($0, name) == 1 { on = 1; print; next } /^[a-z0-9]/ { on = 0 } on' requirements.lock; }

python=$(find_python)
stamp=$({ "$python" -VV; cat requirements.lock; } | cksum)
[ -x .venv/bin/basefly ] && [ "$(cat .venv/stamp 2>/dev/null)" = "$stamp" ] && exit 0

say "Installing into .venv with $("$python" -V)"
if command -v uv >/dev/null; then
    uv=$(command -v uv)
    [ -x .venv/bin/python ] || "$uv" venv --quiet --python "$python" .venv
else
    if [ ! -x .venv/bin/pip ]; then
        need_ensurepip
        "$python" -m venv --clear .venv
    fi
    .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r <(locked uv)
    uv=.venv/bin/uv
fi
export VIRTUAL_ENV=$PWD/.venv UV_LINK_MODE=${UV_LINK_MODE:-copy}
"$uv" pip install --quiet --require-hashes -r requirements.lock
BASEFLY_SKIP_ASSETS=1 "$uv" pip install --quiet --no-deps --no-build-isolation -e .
printf '%s\n' "$stamp" > .venv/stamp
