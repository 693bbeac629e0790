# Makes the initramfs of the boot test: a static userland that loads the modules, says one line and turns the machine off.
#
# $deps_host   the userland first: busybox, or the freestanding init     $modules  a directory of *.ko, or ""
# $token       what the line starts with
userland=${deps_host%% *}
mkdir -p tree/bin tree/proc tree/dev
cp -a $userland/bin/. tree/bin/
if [ -n "${modules-}" ]; then
  mkdir tree/modules
  number=0
  for module in $modules/*.ko; do
    cp $module tree/modules/$number.ko
    number=$((number + 1))
  done
fi
if [ -e tree/bin/init ]; then
  mv tree/bin/init tree/init   # does all of it
else
  cat > tree/init <<END
#!/bin/sh
# No device node is needed: the kernel's own initramfs has /dev/console.
mount -t proc proc /proc 2>/dev/null
loaded=1
for module in /modules/*.ko; do
  [ ! -e "\$module" ] || insmod "\$module" || loaded=
done
[ -z "\$loaded" ] || echo "$token \$(uname -a)"
# Machines differ in which of these they can do; QEMU leaves on each.
poweroff -f
reboot -f
END
fi
chmod 0755 tree/init
find tree -exec touch -h -d @1 {} +
mkdir -p $out
(cd tree && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0) > $out/initramfs.cpio
