# The initramfs of an image: loads the modules without which the kernel sees neither card nor file system, and starts what is on it.
#
# $deps_host   a static busybox     $kernel  root with the distribution's kernel     $modules  names, words     $script_modules
# Result: $out/initramfs.cpio.gz, modules (what is in it, in the order of loading).
mkdir -p $out tree/bin tree/modules tree/proc tree/sys tree/dev tree/new
cp $deps_host/bin/busybox tree/bin/busybox
ln -s busybox tree/bin/sh
script_name=image-initramfs
. $script_modules
add_modules tree/modules "the board" $modules
cat > tree/init <<'END'
#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod /modules/$module; done < /modules/order
root=$(tr ' ' '\n' < /proc/cmdline | sed -n 's/^root=//p')
named() { # named NAME: the partition that the table calls so, which busybox's findfs does not look for
  for partition in $(grep -lx "PARTNAME=$1" /sys/class/block/*/uevent); do echo /dev/$(basename ${partition%/uevent}); break; done
}
look() {
  case $root in
    PARTLABEL=*) named "${root#PARTLABEL=}" ;;
    *) findfs "$root" 2> /dev/null ;;
  esac
}
left=300
while ! device=$(look) || [ -z "$device" ]; do
  left=$((left - 1))
  [ $left -gt 0 ] || { echo "initramfs: cannot find the file system '${root#*=}'"; exec sh; }
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
