#!/bin/sh
# The study by the profile of Kubernetes gives the same bytes as without it. No cluster is needed: a
# stand-in for kubectl starts the command of a Job's pod here, and says how it ended.
#
#   profiles/test-kubernetes.sh STUDY     a folder of the study (`collsec new study`), run in copies
#
# Needs snakemake-executor-plugin-cluster-generic. Skips, and says so, without.
set -eu
study=$(cd "${1:?folder of a study}" && pwd)
python -c "import snakemake_executor_plugin_cluster_generic" 2> /dev/null ||
  { echo "SKIPPED: snakemake-executor-plugin-cluster-generic is not installed"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/jobs"
cat > "$work/bin/kubectl" << 'END'
#!/usr/bin/env python
"""Stand-in: a Job is a process, and how it ended is kept in a file of its name."""
import os, pathlib, subprocess, sys
import yaml
jobs = pathlib.Path(os.environ["JOBS"])
if sys.argv[1] == "create":
    job = yaml.safe_load(sys.stdin)
    name, pod = job["metadata"]["name"], job["spec"]["template"]["spec"]
    [container], [volume] = pod["containers"], pod["volumes"]
    assert len(name) <= 63 and name.replace("-", "").isalnum() and name == name.lower(), name
    assert container["image"] == "image" and container["resources"]["limits"]["memory"][-2:] == "Mi"
    assert volume["persistentVolumeClaim"]["claimName"] == "claim"
    end = f'"$@" > "{jobs / name}.log" 2>&1; echo $? > "{jobs / name}"'
    command = ["sh", "-c", end, "sh", *container["command"]]
    subprocess.Popen(command, cwd=container["workingDir"], start_new_session=True,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
else:
    ended = jobs / sys.argv[3]
    code = ended.read_text().strip() if ended.exists() else ""
    print({"": "/", "0": "1/"}.get(code, "/1"))
END
chmod +x "$work/bin/kubectl"
cp -r "$study" "$work/plain"
cp -r "$study" "$work/pods"
rm -rf "$work"/*/data/processed "$work"/*/.snakemake "$work"/*/reports/site "$work"/*/reports/project
mkdir -p "$work/pods/profiles"
cp -r "$(dirname "$0")/kubernetes" "$work/pods/profiles/"
collsec run --root "$work/plain" --quiet
cd "$work/pods"
JOBS="$work/jobs" COLLSEC_IMAGE=image COLLSEC_VOLUME=claim PATH="$work/bin:$PATH" \
  collsec run -- --workflow-profile profiles/kubernetes --latency-wait 10 --jobs 2 \
  --set-scatter work=3
n=$(find "$work/jobs" -name '*.log' | wc -l)
[ "$n" -gt 5 ] || { echo "FAILED: only $n jobs"; exit 1; }
for place in data/processed/estimates data/processed/panels reports/site; do
  diff -r "$work/plain/$place" "$work/pods/$place" || { echo "FAILED: $place differs"; exit 1; }
done
echo "PASSED: $n jobs by the profile of Kubernetes, the same bytes"
