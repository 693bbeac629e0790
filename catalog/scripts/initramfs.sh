# Makes the initramfs of the boot test: a static userland and an init that says one line and turns the machine off.
#
# $userland   the userland      $token   what the line starts with
mkdir -p tree/bin tree/proc tree/dev
cp -a $userland/bin/. tree/bin/
cat > tree/init <<EOF
#!/bin/sh
# No device node is needed: the kernel's own initramfs has /dev/console.
mount -t proc proc /proc 2>/dev/null
echo "$token \$(uname -a)"
# Machines differ in which of these they can do; QEMU leaves on each.
poweroff -f
reboot -f
EOF
chmod 0755 tree/init
find tree -exec touch -h -d @1 {} +
mkdir -p $out
(cd tree && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0) > $out/initramfs.cpio
