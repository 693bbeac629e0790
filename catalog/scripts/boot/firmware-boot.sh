# Starts firmware in QEMU, without anything to load. Green only if it says its line.
#
# $deps_host $file   the firmware      $qemu $qemu_args      $says   what its console must show, a basic regular expression
# Deterministic like boot.sh. Result: $out/log, the console up to the end of that line.
firmware=$deps_host/$file
: > console
echo "$qemu $qemu_args -bios $firmware"
timeout -k 5 120 $qemu $qemu_args -bios $firmware -nodefaults -display none -no-reboot -nic none -monitor none -serial file:console \
  -rtc base=2000-01-01,clock=vm -seed 1 -icount shift=2,sleep=off < /dev/null > qemu.out 2>&1 &
pid=$!
while kill -0 $pid 2> /dev/null; do
  if tr -d '\r\0' < console | sed '$d' | grep -q "$says"; then
    kill $pid
    break
  fi
  sleep 0.1
done
wait $pid || true
tr -d '\r\0' < console > log
cat log qemu.out
grep -q "$says" log || { echo "firmware-boot: it did not say '$says'" >&2; exit 1; }
mkdir -p $out
sed "/$says/q" log > $out/log
