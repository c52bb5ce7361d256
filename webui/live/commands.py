"""How to see in a shell what the live view shows: command lines with the real paths of this installation."""

import shlex
from pathlib import Path

from webui.live.bridges import INSTALLED

_SHELL_CLIENT = r"""name=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
mkfifo -m 620 {replies}/$name
exec 3<>{replies}/$name
params='{{"n":5,"min":1,"max":100}}'
printf '\n{{"jsonrpc":"2.0","method":"generateIntegers","params":%s,"id":1,"reply":"%s"}}\n' \
  "$params" "$name" > {requests}
timeout 5 head -n1 <&3
exec 3>&-; rm {replies}/$name"""
_FIFOS = '"${FIFOD_CLASSIC_FIFO1:-/tmp/fifo1}" "${FIFOD_CLASSIC_FIFO2:-/tmp/fifo2}"'
CALLS = "read,write,openat,close,fdatasync"


def lines(runtime_dir: Path, ledger: Path) -> dict[str, str]:
    """Each command by the name under which the page's notes speak of it."""
    run = shlex.quote(str(runtime_dir))
    requests, replies, pid = f"{run}/requests", f"{run}/replies", f'"$(cat {run}/fifod.pid)"'
    classic = f'{INSTALLED}/"$USER"' if INSTALLED.is_dir() else run
    return {
        "requests_mode": f"ls -l {requests}",
        "requests_open": f"fuser -v {requests}",
        "daemon_pid": f"cat {run}/fifod.pid",
        "daemon_process": f"ps -o pid,user,lstart,args -p {pid}",
        "daemon_steps": f"sudo strace -tt -e trace={CALLS} -p {pid}",
        "replies_mode": f"ls -ld {replies}",
        "replies_names": f"ls {replies}",
        "replies_owners": f"sudo ls -l {replies}",
        "clients_draw": "fifod-client integers 5 --min 1 --max 100",
        "clients_shell": _SHELL_CLIENT.format(requests=requests, replies=replies),
        "clients_steps": "strace -e trace=mknod,mknodat,openat,write,poll,read fifod-client 5",
        "ledger_newest": f"tail -q -n 1 {shlex.quote(str(ledger))}/*.jsonl | cut -f1",
        "ledger_own": "fifod-client history",
        "classic_trace": f"tail -n 20 {classic}/classic.trace",
        "classic_fifos": f"ls -l {_FIFOS}",
        "classic_signals": f'grep -E "ShdPnd|SigBlk" /proc/"$(cat {classic}/classic.pid)"/status',
        "classic_client": "fifod-client classic 5 --trace",
    }
