# Starts an image, the file itself, in QEMU and logs in on its serial console. Made only if a command then said what it should.
#
# $image     image.img.zst and manifest.json     $qemu $qemu_args ($image's file is @image@, its console the chardev `console`)
# $machine   FILE|OPTION: firmware of the machine itself, and the option of QEMU that takes it     $timeout  seconds until the login
# $starts    card: all comes from the image; kernel: QEMU does not run this board's firmware, and is given what config.txt names, or
#            extlinux.conf, out of the image; memory: its root file system too, as an initramfs, since the machine has no card
# $console   the board's serial line     $qemu_console  that of the machine     $disabled  nodes that the machine does not have, the last
#            name a shell pattern     $login  USER:PASSWORD     $checks  commands that must succeed in it
# Result: $out/log (the console), banner (the kernel's first line), userland (what the command said).
mkdir -p $out
zstd -dq $image/image.img.zst -o card.img
case "$qemu_args" in *if=sd*)   # cards have sizes of a power of two, and QEMU's insist on it
  size=$(stat -c %s card.img) whole=67108864
  while [ $whole -lt $size ]; do whole=$((whole * 2)); done
  truncate -s $whole card.img ;;
esac
set -- -nodefaults -display none -no-reboot -monitor none -rtc base=2020-01-01,clock=vm -seed 1 -chardev stdio,id=console,signal=off
echo "$machine" > lines
while IFS='|' read -r file option; do
  [ -z "$file" ] || set -- "$@" -$option $file
done < lines
if [ $starts != card ]; then
  offset=$(sfdisk -d card.img | awk -F '[=,]' '/start=/ { print $2 * 512; exit }')
  out_of() { mcopy -n -i card.img@@$offset "::$1" $2 || { echo "image-boot: '$1' is not in the boot file system" >&2; exit 1; }; }
  if mdir -i card.img@@$offset ::config.txt > listing 2>&1; then
    out_of config.txt config.txt
    named() { sed -n "s/^$1[= ]\([^ ]*\).*/\1/p" config.txt | tail -n 1; }
    kernel=$(named kernel) dtb=$(named device_tree) initramfs=$(named initramfs) cmdline=
    if [ -n "$initramfs" ]; then   # else it is a boot loader, which finds them
      out_of cmdline.txt cmdline.txt
      cmdline=$(head -n 1 cmdline.txt)
    fi
  else
    out_of extlinux/extlinux.conf extlinux.conf
    named() { sed -n "s/^ *$1 *//p" extlinux.conf | head -n 1; }
    kernel=$(named LINUX) dtb=$(named FDT) initramfs=$(named INITRD) cmdline=$(named APPEND)
  fi
  if [ $starts = memory ]; then
    set -- "$@" -initrd memory.cpio.gz -append "$(echo "$cmdline" | sed "s/console=$console,/console=$qemu_console,/; s/root=[^ ]*//")"
    sfdisk -d card.img | awk -F '[=,]' '/start=/ { start = $2; size = $4 } END { print start, size }' > place
    read -r start sectors < place
    dd if=card.img of=root.img bs=512 skip=$start count=$sectors status=none
    mkdir tree
    debugfs -R 'rdump / tree' root.img 2> errors || { cat errors >&2; exit 1; }   # it says that it cannot chown
    sed -i "s/\\<$console\\>/$qemu_console/g" tree/etc/inittab
    printf '#!/bin/sh\nmount -t devtmpfs devtmpfs /dev\nexec /sbin/init\n' > tree/init
    chmod 0755 tree/init
    (cd tree && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1n > memory.cpio.gz
    initramfs=
  fi
  out_of $kernel kernel
  set -- "$@" -kernel kernel
  if [ -n "$dtb" ]; then out_of $dtb dtb; set -- "$@" -dtb dtb; fi
  set -f
  for pattern in $disabled; do
    parent=${pattern%/*}
    for node in $(fdtget -l dtb $parent); do
      case $node in ${pattern##*/}) fdtput -t s dtb $parent/$node status disabled ;; esac
    done
  done
  set +f
  if [ -n "$initramfs" ]; then out_of $initramfs initramfs; set -- "$@" -initrd initramfs -append "$cmdline"; fi
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
