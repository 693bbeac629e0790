# Builds a static busybox for the host platform with the applets and features that $applets lists (CONFIG_ names without the prefix).
jobs=
case "${MAKEFLAGS-}" in
  *jobserver*) ;;
  *) jobs=-j${NIX_BUILD_CORES:-1} ;;
esac
export KCONFIG_NOTIMESTAMP=1
. $script_unpack
unpack_source "$src" source
cd source
flags="$flags $(cat $toolchain/userland-flags)"
make allnoconfig > /dev/null
set_symbol() { # set_symbol NAME VALUE
  sed -i "/^CONFIG_$1=/d;/^# CONFIG_$1 is not set\$/d" .config
  echo "CONFIG_$1=$2" >> .config
}
for symbol in STATIC $applets; do set_symbol $symbol y; done
set_symbol CROSS_COMPILER_PREFIX "\"$cross\""
set_symbol EXTRA_CFLAGS "\"$flags\""
set_symbol EXTRA_LDFLAGS "\"$flags\""
yes '' | make oldconfig > /dev/null
for symbol in STATIC $applets; do
  grep -q "^CONFIG_$symbol=y" .config || { echo "busybox has no $symbol" >&2; exit 1; }
done
make $jobs busybox
mkdir -p $out/bin
cp busybox $out/bin/busybox
# The applets by name, as `make install` links them; read from the configuration, since the program may be foreign.
make busybox.links > /dev/null
sed 's,.*/,,' busybox.links | sort -u | while read -r name; do [ $name = busybox ] || ln -s busybox $out/bin/$name; done
