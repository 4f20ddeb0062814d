"""A Slurm cluster of one node for tests: controller, node and authentication, all of its files below one folder.

    with one_node_slurm.Cluster(folder, cpus) as cluster: subprocess.run(["squeue"], env=cluster.environment)
Nothing of the machine's own Slurm or munge is touched: own key, socket, ports and configuration; only the processes started here
are ended, by their ids. As root munged runs as the user munge, otherwise everything runs as who we are. Debian: slurm-wlm, munge.
"""
import getpass
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
START = 60                              # seconds within which a daemon must answer
CONFIGURATION = """
ClusterName=hv8
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,defer_batch
MpiDefault=none
ReturnToService=2
KillWait=5
MinJobAge=10
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus}
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def missing():
    """Programs that are needed and not installed."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [name for name in PROGRAMS if not shutil.which(name, path=path)]


def free_ports(count):
    """Ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Cluster:
    """The cluster, from entering the context to leaving it."""

    def __init__(self, folder, cpus=2):
        self._folder, self._cpus, self._daemons = os.path.abspath(folder), cpus, []
        configuration = os.path.join(self._folder, "slurm.conf")
        self.environment = dict(os.environ, SLURM_CONF=configuration, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")

    def __enter__(self):
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in ("munge", "state", "spool"):
            os.makedirs(os.path.join(self._folder, name), mode=0o755)
        controller, node = free_ports(2)
        with open(self.environment["SLURM_CONF"], "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(host=re.sub(r"\..*", "", socket.gethostname()), controller=controller, node=node,
                                            user=getpass.getuser(), folder=self._folder, cpus=self._cpus).lstrip())
        try:
            self._start_munge()
            self._start("slurmctld", ["slurmctld", "-D", "-i"])
            self._start("slurmd", ["slurmd", "-D"])
            self._until("the node is idle", lambda: self.ask("sinfo", "--noheader", "--format=%T") == "idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for _, daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def ask(self, *words):
        """What a Slurm command prints."""
        return subprocess.run(words, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False).stdout.strip()

    def _start_munge(self):
        own = os.path.join(self._folder, "munge")
        key, access = os.path.join(own, "key"), os.path.join(own, "socket")
        with open(key, "wb") as file:
            file.write(secrets.token_bytes(128))
        os.chmod(key, 0o400)
        user = []
        if os.geteuid() == 0:
            munge = pwd.getpwnam("munge")
            for path in (own, key):
                os.chown(path, munge.pw_uid, munge.pw_gid)
            user = ["setpriv", "--reuid=munge", "--regid=munge", "--clear-groups"]
        files = ["--%s-file=%s" % (name, os.path.join(own, name)) for name in ("key", "seed", "pid", "log")]
        self._start("munged", user + ["munged", "--foreground", "--socket=" + access] + files)
        self._until("munged answers", lambda: "MUNGE:" in self.ask("munge", "--no-input", "--socket=" + access))

    def _start(self, name, command):
        log = os.path.join(self._folder, name + ".out")
        with open(log, "wb") as file:
            self._daemons.append((log, subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=file,
                                                        stderr=subprocess.STDOUT, start_new_session=True)))

    def _until(self, what, holds):
        deadline = time.monotonic() + START
        while not holds():
            for log, daemon in self._daemons:
                if daemon.poll() is not None:
                    with open(log, encoding="utf-8", errors="replace") as file:
                        raise RuntimeError("%s ended with status %d: %s" % (daemon.args[0], daemon.returncode, file.read()))
            if time.monotonic() > deadline:
                raise RuntimeError("not within %d s: %s; see %s" % (START, what, self._folder))
            time.sleep(0.1)
