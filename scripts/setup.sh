# Makes .venv and installs what a lock file pins; sourced by scripts/start and scripts/test.

# Relative to where the person stands, before we go to the project's folder.
case ${TREADLE_DATA:-} in '' | /*) ;; *) export TREADLE_DATA="$PWD/$TREADLE_DATA" ;; esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# set_up LOCK: the stamp is removed before anything changes and written last,
# so that an interrupted set-up begins anew and a finished one costs nothing.
set_up() {
  local lock=$1 installed
  installed=$(cat .venv/treadle.stamp 2>/dev/null || true)
  [[ $installed == "$(stamp "$lock")" ]] && return
  [[ $lock == requirements.lock && $installed == "$(stamp requirements-test.lock)" ]] && return # holds more
  rm -f .venv/treadle.stamp
  [[ -n $installed ]] && .venv/bin/python -c '' 2>/dev/null || make_venv
  echo "Installing what $lock pins; this takes about a minute, once."
  .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r "$lock"
  .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
  stamp "$lock" >.venv/treadle.stamp
}

# The folder is part of it because a moved .venv doesn't run.
stamp() { echo "$1 $(cat "$1" pyproject.toml | cksum) $PWD"; }

make_venv() {
  local python
  python=$(find_python) || fail "Treadle needs Python 3.11 or newer. Install it and run this again."
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python lacks the venv module. On Debian and Ubuntu: apt-get install python3-venv"
  "$python" -m venv --clear .venv
}

find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$name" && return
  done
  return 1
}

# install_package NAME: from Debian's or Ubuntu's archive, where we are allowed to.
install_package() {
  local root=()
  [[ $(id -u) == 0 ]] || root=(sudo -n)
  command -v apt-get >/dev/null && "${root[@]}" true 2>/dev/null ||
    fail "The tests need $1. Install it (on Debian: apt-get install $1) and run this again."
  echo "Installing $1."
  "${root[@]}" apt-get update -qq
  "${root[@]}" apt-get install -qq -y --no-install-recommends "$1" >/dev/null
}

fail() {
  echo "$1" >&2
  exit 1
}
