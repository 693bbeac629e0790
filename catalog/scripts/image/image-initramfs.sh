# The initramfs of an image: loads the modules without which the kernel sees neither card nor file system, and starts what is on it.
#
# $deps_host   a static busybox     $kernel  root with the distribution's kernel     $modules  names, words
# Result: $out/initramfs.cpio.gz, modules (what is in it, in the order of loading).
mkdir -p $out tree/bin tree/modules tree/proc tree/sys tree/dev tree/new
cp $deps_host/bin/busybox tree/bin/busybox
ln -s busybox tree/bin/sh
set -- $kernel/usr/lib/modules/*
[ $# = 1 ] && [ -d "$1" ] || { echo "image-initramfs: $kernel does not have the modules of one kernel" >&2; exit 1; }
tree_of_modules=$1

# The kernel takes - and _ in a module's name for the same.
find $tree_of_modules/kernel -name '*.ko*' | LC_ALL=C sort |
  awk '{ n = $0; sub(/.*\//, "", n); sub(/\.ko.*/, "", n); gsub(/-/, "_", n); print n "\t" $0 }' > available
sed 's,.*/,,; s,\.ko$,,; s,-,_,g' $tree_of_modules/modules.builtin > builtin
added=
add() { # add NAME WHO: after what it depends on
  case " $added " in *" $1 "*) return 0 ;; esac
  added="$added $1"
  local file base need
  grep -qx "$1" builtin && return 0
  file=$(awk -F '\t' -v name="$1" '$1 == name { print $2; exit }' available)
  [ -n "$file" ] || { echo "image-initramfs: '$2' wants the module '$1', which the kernel does not have" >&2; exit 1; }
  base=${file##*/} base=${base%%.ko*}.ko
  case $file in
    *.xz) xz -dc $file > tree/modules/$base ;;
    *.zst) zstd -dcq $file > tree/modules/$base ;;
    *.gz) gzip -dc $file > tree/modules/$base ;;
    *) cp $file tree/modules/$base ;;
  esac
  for need in $(tr '\0' '\n' < tree/modules/$base | sed -n 's/^depends=//p' | tr ',-' ' _'); do add $need "$1"; done
  echo $base >> tree/modules/order
}
: > tree/modules/order
for module in $modules; do add $(echo $module | tr - _) "the board"; done
cat > tree/init <<'END'
#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod /modules/$module; done < /modules/order
label=$(sed -n 's/.*root=LABEL=\([^ ]*\).*/\1/p' /proc/cmdline)
left=300
while ! device=$(findfs LABEL="$label" 2> /dev/null) || [ -z "$device" ]; do
  left=$((left - 1))
  [ $left -gt 0 ] || { echo "initramfs: cannot find the file system '$label'"; exec sh; }
  usleep 100000
done
echo "initramfs: the root is $device"
mount -o ro $device /new || { echo "initramfs: cannot mount $device"; exec sh; }
if grep -qw overlayroot=tmpfs /proc/cmdline; then   # what is written goes to memory
  mkdir /below /written
  mount -o move /new /below
  mount -t tmpfs -o mode=0755 tmpfs /written
  mkdir /written/upper /written/work
  mount -t overlay -o lowerdir=/below,upperdir=/written/upper,workdir=/written/work overlay /new ||
    { echo "initramfs: cannot mount memory over $device"; exec sh; }
fi
mount -o move /dev /new/dev
umount /sys
umount /proc
exec switch_root /new /sbin/init
END
chmod 0755 tree/init
find tree -exec touch -h -d @1 {} +
(cd tree && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0) | gzip -9n > $out/initramfs.cpio.gz
cp tree/modules/order $out/modules
