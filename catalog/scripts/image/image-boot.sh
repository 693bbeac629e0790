# Starts an image, the file itself, in QEMU and logs in on its serial console. Made only if a command then said what it should.
#
# $image     image.img.zst and manifest.json     $qemu $qemu_args ($image's file is @image@, its console the chardev `console`)
# $bios      firmware of the machine, or "", which QEMU's option $bios_as takes     $timeout  seconds until the login
# $starts    card: all comes from the image; kernel: QEMU does not run this board's firmware, and is given what config.txt names, out
#            of the image     $login  USER:PASSWORD     $checks  commands that must succeed in it
# Result: $out/log (the console), banner (the kernel's first line), userland (what the command said).
mkdir -p $out
zstd -dq $image/image.img.zst -o card.img
case "$qemu_args" in *if=sd*)   # cards have sizes of a power of two, and QEMU's insist on it
  size=$(stat -c %s card.img) whole=67108864
  while [ $whole -lt $size ]; do whole=$((whole * 2)); done
  truncate -s $whole card.img ;;
esac
set -- -nodefaults -display none -no-reboot -monitor none -rtc base=2020-01-01,clock=vm -seed 1 -chardev stdio,id=console,signal=off
[ -z "$bios" ] || set -- "$@" -$bios_as $bios
if [ $starts = kernel ]; then
  offset=$(sfdisk -d card.img | awk -F '[=,]' '/start=/ { print $2 * 512; exit }')
  out_of() { mcopy -n -i card.img@@$offset "::$1" $2 || { echo "image-boot: '$1' is not in the boot file system" >&2; exit 1; }; }
  out_of config.txt config.txt
  named() { sed -n "s/^$1[= ]\([^ ]*\).*/\1/p" config.txt | tail -n 1; }
  out_of $(named kernel) kernel
  out_of $(named device_tree) dtb
  set -- "$@" -kernel kernel -dtb dtb
  if [ -n "$(named initramfs)" ]; then   # else it is a boot loader, which finds them
    out_of $(named initramfs) initramfs
    out_of cmdline.txt cmdline.txt
    set -- "$@" -initrd initramfs -append "$(head -n 1 cmdline.txt)"
  fi
fi
qemu_args=$(echo "$qemu_args" | sed "s,@image@,card.img,g")
echo "$qemu $qemu_args $*"
mkfifo keys
: > console
timeout -k 5 $((timeout + 60)) $qemu $qemu_args "$@" < keys > console 2> qemu.out &
pid=$!
exec 3> keys
begin=$(date +%s)
seen() { tr -d '\r\0' < console | tail -c 4096; }
give_up() {
  kill $pid || true
  wait $pid || true
  tr -d '\r\0' < console
  cat qemu.out
  echo "image-boot: $1" | tee -a /dev/stderr
  exit 1
}
await() { # await PATTERN WHAT [ask]: in what the console said since the last key; `ask`: what hides a prompt is answered by Enter
  local asked=0
  until tail -c +$((before + 1)) console | tr -d '\r\0' | grep -q "$1"; do
    kill -0 $pid 2> /dev/null || give_up "the machine stopped before its $2"
    ! tr -d '\r\0' < console | grep -q '^initramfs: cannot\|Kernel panic' || give_up "it does not start: there is no $2"
    [ $(($(date +%s) - begin)) -lt $timeout ] || give_up "no $2 within $timeout s"
    sleep 0.2
    asked=$((asked + 1))
    [ -z "${3-}" ] || [ $((asked % 100)) != 0 ] || ! tail -c +$((before + 1)) console | grep -q "${1% *}" || echo >&3
  done
}
before=0
press() {
  before=$(stat -c %s console)
  echo "$1" >&3
}
await 'login: $' login ask
press "${login%%:*}"
await 'assword: $' "question for the password"
press "${login#*:}"
await '[#$] $' shell ask
press 'echo "swage-login-ok: $(id -un) $(uname -srm)"'
await '^swage-login-ok: [a-z]' answer
tr -d '\r\0' < console | sed -n 's/^swage-login-ok: //p' > $out/userland
echo "$checks" > lines
while IFS= read -r check <&4; do
  [ -n "$check" ] || continue
  press "if $check; then echo swage-check-\"o\"k; else echo swage-check-\"f\"ailed; fi"   # so that what is typed is not what is said
  await '^swage-check-[of]' "end of: $check"
  ! tr -d '\r\0' < console | grep -q '^swage-check-failed' || give_up "this fails in it: $check"
done 4< lines
press poweroff
left=50
while kill -0 $pid 2> /dev/null && [ $left -gt 0 ]; do sleep 0.2; left=$((left - 1)); done
kill $pid 2> /dev/null || true   # not every machine turns itself off
wait $pid || true
tr -d '\r\0' < console > $out/log
cat $out/log qemu.out
grep -m 1 'Linux version' $out/log | sed 's/^\[[^]]*\] *//' > $out/banner || echo "(no banner on this console)" > $out/banner
