# Boots a kernel and an initramfs in QEMU. Green only if the userland said its line.
#
# $kernel $initramfs $dtb     $qemu $qemu_args $cmdline $timeout (seconds)   $token
# `-icount none` in $qemu_args is for a QEMU that cannot count this machine's instructions: its log is not the same each time.
# In $qemu_args and $cmdline @initramfs@ is the file and @initramfs_size@ its bytes, for machines that do not take it by -initrd.
#
# The machine is deterministic: time counts instructions, the clock starts at a fixed date, random seeds are fixed. So the
# console log of the same kernel is the same each time, and the result of a boot is a reproducible derivation like any other.
# Result: $out/log (the console), banner (the kernel's first line), userland (the line); modules, where some were loaded: a line
# "NAME loaded" for each, and what the kernel said meanwhile as "NAME: TEXT" (initramfs.sh).
mkdir -p $out
set -- -nodefaults -display none -no-reboot -nic none -monitor none -serial file:console -rtc base=2000-01-01,clock=vm -seed 1
case " $qemu_args " in
  *' -icount none '*) qemu_args=$(echo "$qemu_args" | sed 's/-icount none//') ;;
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
# What comes after the line depends on when the machine went: it is in the build log, not in the result.
sed "/^$token /q" log > $out/log
# A failure's cause: a module that was refused, else what the machine wants of the configuration and did not get. It is said before the
# console, which has errors of its own, and at the end.
why() {
  sed -n "s/^swage-module: \([^ :]*\) refused: \(.*\)/error: the kernel did not take the module '\1': \2/p" log
  [ ! -e $kernel/config-drift ] || sed -n '/^\(machine.config\|quirk\): .* did not take effect: /s/^/error: /p' $kernel/config-drift
  case $status in
    124 | 137) echo "error: the userland did not speak within $timeout s" ;;
    *) echo "error: the machine stopped (status $status) before the userland spoke" ;;
  esac
}
if ! grep "^$token " $out/log > $out/userland; then
  why
  cat log qemu.out
  why >&2
  exit 1
fi
cat log qemu.out
sed -n 's/^swage-module: //p' $out/log > modules
[ ! -s modules ] || cp modules $out/
grep -m 1 'Linux version' $out/log > $out/banner || echo "(no banner on this console)" > $out/banner
