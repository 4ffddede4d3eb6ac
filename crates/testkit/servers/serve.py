"""Run a local KMS server for the length of a test run.

    venv/bin/python serve.py localstack-kms | ministack

Prints one line, `ready http://127.0.0.1:PORT`, once the server answers KMS requests. Then it waits
for the end of its standard input and takes the server and all of its files away. Whoever starts
this program holds the other end of that pipe: however the starter ends, the pipe closes, so no
server outlives a test run.

Exit codes: 0 after the end of standard input; 1 when the server did not start or ended by itself
(the end of its log is on standard error); 2 for wrong arguments; 128 + N after signal N.
"""

import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

START_LIMIT = 120.0  # seconds until the server must answer, all attempts together
ATTEMPTS = 5  # ports tried
POLL = 0.1  # seconds between two looks at the server, the signals and standard input
LINUX = sys.platform == "linux"

SERVERS = {  # name: module, settings
    "localstack-kms": ("localstack.runtime.main", {
        "SERVICES": "kms,sts",
        "GATEWAY_LISTEN": "127.0.0.1:{port}",
        "GATEWAY_SERVER": "hypercorn",  # the default, twisted, listens on every address
        "OVERRIDE_IN_DOCKER": "0",  # inside a container it would use /var/lib/localstack
        "FILESYSTEM_ROOT": "{state}",
        # Nothing may leave the machine: no usage events, no certificate download, no DNS server.
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
    }),
    "ministack": ("ministack", {
        "SERVICES": "kms,sts,dynamodb",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": "{port}",
        "STATE_DIR": "{state}/state",
        "S3_DATA_DIR": "{state}/s3",
        "IOT_MTLS_ENABLED": "0",  # on by default: listens on port 8883 of every address
        "SFTP_ENABLED": "0",
    }),
}
COMMON = {  # the rest of the server's environment: nothing of ours (AWS, proxies) is passed on
    "PATH": os.defpath,
    "HOME": "{state}",
    "TMPDIR": "{state}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",  # the log must be complete when the server dies
    # Where Docker runs, ministack removes containers that it takes for its own: hide Docker.
    "DOCKER_HOST": "unix://{state}/no-docker.sock",
}

# Building LocalStack's list of AWS operations takes 4 s and 360 MB at each start. The finished list
# is kept inside the virtual environment: it is a pickle, to be trusted as much as the code there.
# LocalStack puts its own version and botocore's into the file name, so an old one is never used.
KEPT_CATALOG = Path(sys.prefix, "localstack-catalog")
CATALOG = "var/lib/localstack/cache"  # below FILESYSTEM_ROOT

signals: list[int] = []  # a handler that only takes notes cannot interrupt the clean-up


def die_with_parent() -> None:
    """In the new process: have Linux end the server even when this program is killed by -9."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG


def stdin_ended() -> bool:
    """Wait for one POLL or less. A signal ends the program from here, through every clean-up."""
    if signals:
        sys.exit(128 + signals[0])
    return bool(select.select([0], [], [], POLL)[0]) and not os.read(0, 4096)


def answers(port: int) -> bool:
    """Whether KMS ListKeys succeeds. The servers take the region from the credential scope."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", b"{}", {
        "X-Amz-Target": "TrentService.ListKeys",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0,"
                         " Credential=test/20260101/us-east-1/kms/aws4_request",
    })
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=30) as response:
            return b'"Keys"' in response.read()
    except (OSError, ValueError):  # refused, or an HTTP error
        return False


def attempt(name: str, state: str, deadline: float) -> tuple[subprocess.Popen, int] | None:
    """Start the server; give the process and the port when it answers, None for a lost port."""
    with socket.socket() as reserved, open(f"{state}/log", "wb") as log:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        if not LINUX:
            # Linux lets the server listen on an address that another socket is merely bound to, so
            # there the port stays ours until the server has it. Other systems refuse that.
            reserved.close()
        module, settings = SERVERS[name]
        settings = COMMON | settings
        child = subprocess.Popen(
            [sys.executable, "-m", module],
            env={key: value.format(state=state, port=port) for key, value in settings.items()},
            cwd=state, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            process_group=0, preexec_fn=die_with_parent if LINUX else None)
        try:
            while not stdin_ended():
                ended = child.poll() is not None
                text = Path(state, "log").read_text(errors="replace")
                # Both servers log this when the port is theirs. LocalStack goes on to "Ready." when
                # it is not, and the one who answers would be a stranger.
                listening = f"://127.0.0.1:{port} " in text
                if listening and not ended and answers(port):
                    return child, port
                if (ended and "in use" in text) or (not listening and "Ready." in text):
                    stop(child)
                    return None
                if ended:
                    raise RuntimeError(f"{name} ended with code {child.returncode} while starting")
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{name} did not answer within {START_LIMIT:.0f} s")
            raise RuntimeError("standard input ended before the server was ready")
        except BaseException:
            stop(child)
            raise


def stop(child: subprocess.Popen) -> None:
    """End the server's process group. LocalStack ignores SIGTERM, and there is nothing to save."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # the group is gone already
    child.wait()


def keep_catalog(state: str) -> None:
    """Keep a new catalog. Another run may do so at the same time: rename a finished file."""
    for built in Path(state, CATALOG).glob("service-catalog-*.dill"):
        if not (KEPT_CATALOG / built.name).exists():
            KEPT_CATALOG.mkdir(exist_ok=True)
            partial = KEPT_CATALOG / f"{os.getpid()}.partial"
            shutil.copyfile(built, partial).replace(KEPT_CATALOG / built.name)


def run(name: str, state: str) -> None:
    if name == "localstack-kms":
        for kept in KEPT_CATALOG.glob("*.dill"):
            os.makedirs(f"{state}/{CATALOG}", exist_ok=True)
            shutil.copy(kept, f"{state}/{CATALOG}")
    deadline = time.monotonic() + START_LIMIT
    for _ in range(ATTEMPTS):
        if started := attempt(name, state, deadline):
            break
    else:
        raise RuntimeError(f"{name} lost its port {ATTEMPTS} times")
    child, port = started
    try:
        try:
            keep_catalog(state)
        except OSError:
            pass  # a read-only environment only costs time
        print(f"ready http://127.0.0.1:{port}", flush=True)
        while not stdin_ended():
            if child.poll() is not None:
                raise RuntimeError(f"{name} ended by itself with code {child.returncode}")
    finally:
        stop(child)


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in SERVERS:
        print(f"usage: serve.py {' | '.join(SERVERS)}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: signals.append(number))
    with tempfile.TemporaryDirectory(prefix="kms-server-", ignore_cleanup_errors=True) as state:
        try:
            run(sys.argv[1], state)
        except (OSError, RuntimeError) as error:
            log = Path(state, "log")
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            print(*lines[-40:], f"serve.py: {error}", sep="\n", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
