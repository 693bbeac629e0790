#!/bin/sh
# usage: tools/setup.sh demo|all
# Installs the Debian 12 packages that are missing: `demo`, what compiling and using the program needs; `all`, what its tests and
# benchmarks need as well. With sudo when not root.
set -eu
packages="
  g++ cmake ninja-build pkg-config make git ca-certificates
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libsimdjson-dev libfmt-dev libexpected-dev
  libssl-dev libcurl4-openssl-dev libarchive-dev zlib1g-dev libbz2-dev libfdt-dev libext2fs-dev comerr-dev libexpat1-dev libsqlite3-dev libseccomp-dev libjemalloc-dev
"
tests="
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
  busybox-static nix-bin autotools-dev python3 python3-pytest python3-pytest-xdist python3-pexpect python3-selenium chromium chromium-driver util-linux
  dosfstools mtools fdisk e2fsprogs zstd device-tree-compiler dpkg-dev file mmdebstrap bash-completion zsh fish man-db mandoc
"
case ${1-} in
  demo) ;;
  all) packages="$packages $tests" ;;
  *) sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2 ;;
esac
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
