#!/bin/sh
# Installs the Debian 12 packages that building and testing need, if any is missing. With sudo when not root.
set -eu
packages="
  g++ cmake ninja-build pkg-config make git ca-certificates
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libsimdjson-dev libfmt-dev libexpected-dev
  libssl-dev libcurl4-openssl-dev libarchive-dev libbz2-dev libsqlite3-dev libseccomp-dev libjemalloc-dev
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
  busybox-static nix-bin autotools-dev python3 python3-pytest python3-pexpect python3-selenium chromium chromium-driver util-linux
  dpkg-dev file mmdebstrap bash-completion zsh fish man-db mandoc
"
missing=
for package in $packages; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -q update
$sudo apt-get -q install -y --no-install-recommends $missing
