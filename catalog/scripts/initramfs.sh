# Makes the initramfs of the boot test: a static userland that says one line and turns the machine off.
#
# $deps_host   the userland: busybox, or the freestanding init     $token   what the line starts with
mkdir -p tree/bin tree/proc tree/dev
cp -a $deps_host/bin/. tree/bin/
if [ -e tree/bin/init ]; then
  mv tree/bin/init tree/init   # says $token itself
else
  cat > tree/init <<END
#!/bin/sh
# No device node is needed: the kernel's own initramfs has /dev/console.
mount -t proc proc /proc 2>/dev/null
echo "$token \$(uname -a)"
# Machines differ in which of these they can do; QEMU leaves on each.
poweroff -f
reboot -f
END
fi
chmod 0755 tree/init
find tree -exec touch -h -d @1 {} +
mkdir -p $out
(cd tree && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0) > $out/initramfs.cpio
