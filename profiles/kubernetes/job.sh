#!/bin/sh
# One job of Snakemake as a Job of Kubernetes. Its pod has the image COLLSEC_IMAGE and, at the path
# that it has here, the volume with the study, whose claim is named by COLLSEC_VOLUME.
#
#   job.sh submit MEGABYTES SCRIPT     says the name of the Job
#   job.sh status NAME                 says running, success, or failed
#   job.sh cancel NAME...
set -eu
case $1 in
  submit)
    script=$3
    name=$(printf 'collsec-%s-%s' "$(basename "$(dirname "$script")")" "$(basename "$script" .sh)" |
      tr '[:upper:]' '[:lower:]' | tr -c 'a-z0-9' '-')
    kubectl create -f - > /dev/null << END
apiVersion: batch/v1
kind: Job
metadata: {name: "$name", labels: {app: collsec}}
spec:
  backoffLimit: 0
  template:
    metadata: {labels: {app: collsec}}
    spec:
      restartPolicy: Never
      containers:
        - name: job
          image: "${COLLSEC_IMAGE:?the image of profiles/Containerfile}"
          command: [sh, "$script"]
          workingDir: "$PWD"
          resources: {requests: {cpu: "1", memory: "$2Mi"}, limits: {memory: "$2Mi"}}
          volumeMounts: [{name: study, mountPath: "$PWD"}]
      volumes:
        - name: study
          persistentVolumeClaim: {claimName: "${COLLSEC_VOLUME:?the claim of the volume}"}
END
    echo "$name"
    ;;
  status)
    case $(kubectl get job "$2" -o 'jsonpath={.status.succeeded}/{.status.failed}') in
      1/*) echo success ;;
      */[1-9]*) echo failed ;;
      *) echo running ;;
    esac
    ;;
  cancel)
    shift
    kubectl delete job "$@"
    ;;
esac
