#!/bin/sh
# The study by a real SLURM of one node gives the same bytes as without it. Debian: slurm-wlm, munge.
#
#   profiles/test-slurm.sh STUDY     a folder of the study (`collsec new study`), run twice in copies
#
# Needs root (or a running SLURM), and snakemake-executor-plugin-slurm. Skips, and says so, without.
set -eu
study=$(cd "${1:?folder of a study}" && pwd)
for command in slurmctld slurmd munged sbatch; do
  command -v "$command" > /dev/null || { echo "SKIPPED: $command is not installed"; exit 0; }
done
python -c "import snakemake_executor_plugin_slurm" 2> /dev/null ||
  { echo "SKIPPED: snakemake-executor-plugin-slurm is not installed"; exit 0; }
work=$(mktemp -d)
started=""
written=""
end() {
  [ -z "$written" ] || rm -f "$written"
  for pid in $started; do kill "$pid" 2> /dev/null && wait "$pid" || true; done
  rm -rf "$work"
}
trap end EXIT

if ! sinfo > /dev/null 2>&1; then
  mkdir -p "$work/spool" "$work/state" "$work/munge"
  node=$(hostname -s)
  if [ ! -S /run/munge/munge.socket.2 ]; then
    mkdir -p /run/munge && chown munge: /run/munge
    [ -f /etc/munge/munge.key ] || { mungekey --create; chown munge: /etc/munge/munge.key; }
    su munge -s /bin/sh -c "munged --foreground" > "$work/munge/log" 2>&1 &
    started="$started $!"
    sleep 2
  fi
  cat > "$work/slurm.conf" << END
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  # The commands of a job look for it where Debian has it, whatever the environment says.
  [ ! -e /etc/slurm/slurm.conf ] || { echo "SKIPPED: /etc/slurm/slurm.conf is there"; exit 0; }
  mkdir -p /etc/slurm && cp "$work/slurm.conf" /etc/slurm/slurm.conf
  written=/etc/slurm/slurm.conf
  slurmctld -D > "$work/ctld.out" 2>&1 &
  started="$started $!"
  slurmd -D > "$work/d.out" 2>&1 &
  started="$started $!"
  for _ in $(seq 30); do
    sinfo -h -o %t 2> /dev/null | grep -q idle && break
    sleep 1
  done
fi
sinfo

cp -r "$study" "$work/plain"
cp -r "$study" "$work/slurm"
rm -rf "$work"/*/data/processed "$work"/*/.snakemake "$work"/*/reports/site "$work"/*/reports/project
profile=$(cd "$(dirname "$0")" && pwd)/slurm
collsec run --root "$work/plain" --quiet
# One node has no accounting: the state of a job is asked of the queue.
collsec run --root "$work/slurm" -- --workflow-profile "$profile" --latency-wait 10 \
  --slurm-status-command squeue --slurm-init-seconds-before-status-checks 5 \
  --set-scatter work=3
n=$(find "$work/slurm/.snakemake/slurm_logs" -name '*.log' | wc -l)
[ "$n" -gt 5 ] || { echo "FAILED: only $n logs of jobs"; exit 1; }
for place in data/processed/estimates data/processed/panels reports/site; do
  diff -r "$work/plain/$place" "$work/slurm/$place" || { echo "FAILED: $place differs"; exit 1; }
done
echo "PASSED: $n jobs by SLURM, the same bytes"
