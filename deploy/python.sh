# Sets $python to a Python that fifod can run on. Read by the scripts beside it, which set $root.
python=

# The printed PATH has .venv/bin first; an environment that is made from itself would be made anew at each start.
others() {
    set -f
    IFS=:
    for folder in $PATH; do
        [ "$folder" -ef "$root/.venv/bin" ] || printf '%s:' "$folder"
    done
}
suits='import os, sys; sys.exit(sys.version_info < (3, 11) or os.path.realpath(sys.prefix) == os.path.realpath(sys.argv[1]))'

PATH=$(others)
PATH=${PATH%:}
for candidate in ${FIFOD_PYTHON:+"$FIFOD_PYTHON"} python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c "$suits" "$root/.venv" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "$0: cannot start: no Python 3.11 or later here; on Debian and Ubuntu: apt-get install python3" >&2
    exit 1
fi
