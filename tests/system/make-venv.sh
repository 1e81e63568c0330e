#!/bin/sh
# Makes the virtual environment; on Debian, where `venv` is a package of its own, installs that first if it may.
set -eu
python=$1
venv=$2
if ! command -v "$python" >/dev/null 2>&1; then
  sh "$(dirname "$0")/debian-packages.sh" python3 python3-venv
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed; $python is $("$python" --version 2>&1). Try: make PYTHON=python3.11 ..." >&2
  exit 1
}
"$python" -c 'import ensurepip' 2>/dev/null || sh "$(dirname "$0")/debian-packages.sh" python3-venv
"$python" -m venv "$venv"
