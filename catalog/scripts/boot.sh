# Boots a kernel and an initramfs in QEMU. Green only if the userland said its line.
#
# $kernel $initramfs $dtb     $qemu $qemu_args $cmdline $timeout (seconds)   $token
# In $qemu_args and $cmdline @initramfs@ is the file and @initramfs_size@ its bytes, for machines that do not take it by -initrd.
#
# The machine is deterministic: time counts instructions, the clock starts at a fixed date, random seeds are fixed. So the
# console log of the same kernel is the same each time, and the result of a boot is a reproducible derivation like any other.
# Result: $out/log (the console), banner (the kernel's first line), userland (the line).
mkdir -p $out
set -- -nodefaults -display none -no-reboot -nic none -monitor none -serial file:console -rtc base=2000-01-01,clock=vm -seed 1
case " $qemu_args " in
  *' -icount '*) ;;   # a machine whose clock asks for another ratio
  *) set -- "$@" -icount shift=2,sleep=off ;;
esac
case "$qemu_args" in
  *@initramfs@*) ;;
  *) set -- "$@" -initrd $initramfs/initramfs.cpio ;;
esac
fill_in() { echo "$1" | sed "s,@initramfs@,$initramfs/initramfs.cpio,g; s,@initramfs_size@,$(stat -c %s $initramfs/initramfs.cpio),g"; }
qemu_args=$(fill_in "$qemu_args")
cmdline=$(fill_in "$cmdline")
[ -z "$dtb" ] || set -- "$@" -dtb "$kernel/dtbs/$dtb"
echo "$qemu $qemu_args -append '$cmdline'"
: > console
timeout -k 5 $timeout $qemu $qemu_args "$@" -kernel $kernel/kernel -append "$cmdline" \
  < /dev/null > qemu.out 2>&1 &
pid=$!
# Not every machine can turn itself off: once the line is complete, a moment later the machine is turned off for it.
while kill -0 $pid 2>/dev/null; do
  if grep -q "^$token .*" console && [ "$(tail -c 1 console | od -An -c | tr -d ' ')" = '\n' ]; then
    sleep 1
    kill $pid 2>/dev/null || true
    break
  fi
  sleep 0.1
done
status=0
wait $pid || status=$?
# Some consoles send NULs, with which grep would take the log for binary.
tr -d '\r\0' < console > log
cat log qemu.out
# What comes after the line depends on when the machine went: it is in the build log, not in the result.
sed "/^$token /q" log > $out/log
if ! grep "^$token " $out/log > $out/userland; then
  case $status in
    124 | 137) echo "boot: the userland did not speak within $timeout s" >&2 ;;
    *) echo "boot: the machine stopped (status $status) before the userland spoke" >&2 ;;
  esac
  exit 1
fi
grep -m 1 'Linux version' $out/log > $out/banner || echo "(no banner on this console)" > $out/banner
