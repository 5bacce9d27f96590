#!/bin/sh
# The steps of profiles/Containerfile in a bare Debian root, made by debootstrap: no image is pulled.
#
#   profiles/test-container.sh [FOLDER]     where the root is made; a temporary folder by default
#
# Needs root and debootstrap. Skips, and says so, without. The settings of apt and pip on this
# machine are passed on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
[ "$(id -u)" = 0 ] || { echo "SKIPPED: not root"; exit 0; }
command -v debootstrap > /dev/null || { echo "SKIPPED: debootstrap is not installed"; exit 0; }
root=${1:-$(mktemp -d)}
# shellcheck disable=SC2154
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=${MIRROR:-$(apt-cache policy | sed -n "s|^ *[0-9]* \\(http[^ ]*\\) $suite/main .*|\\1|p" | head -n 1)}
[ -x "$root/bin/sh" ] || debootstrap --variant=minbase "$suite" "$root" "$mirror"
for path in etc/apt/apt.conf.d etc/pip.conf etc/resolv.conf \
  etc/ssl/certs usr/local/share/ca-certificates; do
  [ -e "/$path" ] || continue
  mkdir -p "$root/$(dirname "$path")"
  cp -rL "/$path" "$root/$(dirname "$path")/" 2> /dev/null || true
done
place=/
environment=""
sed -e 's/#.*//' "$here/Containerfile" | while read -r step arguments; do
  case $step in
    RUN)
      echo "RUN $arguments"
      # shellcheck disable=SC2086
      chroot "$root" /usr/bin/env $environment sh -c "cd $place && $arguments"
      ;;
    COPY)
      from=${arguments% *} to=${arguments##* }
      mkdir -p "$root$to"
      (cd "$repository/$from" && tar cf - --exclude=.git --exclude=.snakemake --exclude=.venv \
        --exclude=./data/processed --exclude=./data/upstream --exclude=./reports/site .) |
        tar xf - -C "$root$to"
      ;;
    WORKDIR) place=$arguments ;;
    ENV) environment="$environment $arguments" ;;
    ENTRYPOINT) chroot "$root" /usr/bin/env $environment collsec --version ;;
  esac
done
echo "PASSED: every step of the recipe, in a bare root"
