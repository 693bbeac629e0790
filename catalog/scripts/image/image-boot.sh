# Starts an image, the file itself, in QEMU and logs in on its serial console. Made only if a command then said what it should.
#
# $image     image.img.zst and manifest.json     $qemu $qemu_args ($image's file is @image@, its console the chardev `console`)
# $machine   FILE|OPTION: firmware of the machine itself, and the option of QEMU that takes it     $timeout  seconds until a login or an answer
# $starts    card: all comes from the image; kernel: QEMU does not run this board's firmware, and is given what config.txt names, or
#            extlinux.conf, out of the image; memory: its root file system too, as an initramfs, since the machine has no card
# $console   the board's serial line     $qemu_console  that of the machine     $disabled  nodes that the machine does not have, the last
#            name a shell pattern     $card  bytes that the card has at least     $boots  how many times it is started
# $login     USER:PASSWORD, $checks  commands that must succeed in it: @password@ in them is what \(..\) of $password, a regular
#            expression, matches of what the console says before the login. The same each time.
# Result: $out/log (the console), banner (the kernel's first line), userland (what the command said).
mkdir -p $out
zstd -dq $image/image.img.zst -o card.img
[ $(stat -c %s card.img) -ge $card ] || truncate -s $card card.img
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
qemu_args=$(echo "$qemu_args" | sed "s,@image@,card.img,g")
mkfifo keys
give_up() {
  kill $pid || true
  wait $pid || true
  tr -d '\r\0' < console
  cat qemu.out
  echo "image-boot: $1" | tee -a /dev/stderr
  exit 1
}
said() { tail -c +$((before + 1)) console | tr -d '\r\0'; }   # since the last key
await() { # await PATTERN WHAT [ask]: in what it said; `ask`: what hides a prompt is answered by Enter
  local asked=0
  until said | grep -q "$1"; do
    kill -0 $pid 2> /dev/null || give_up "the machine stopped before its $2"
    ! tr -d '\r\0' < console | grep -q '^initramfs: cannot\|Kernel panic' || give_up "it does not start: there is no $2"
    [ $(($(date +%s) - begin)) -lt $timeout ] || give_up "no $2 within $timeout s"
    sleep 0.2
    asked=$((asked + 1))
    [ -z "${3-}" ] || [ $((asked % 100)) != 0 ] || ! said | grep -q "${1% *}" || echo >&3
  done
}
press() { # what comes of it has as long as the login had
  begin=$(date +%s) before=$(stat -c %s console)
  printf '%s\n' "$1" >&3
}
with_password() { sed "s,@password@,$shown,g"; }
# What QEMU is given of a card, as it now is: files of its first partition, where config.txt or extlinux.conf says.
out_of() { # out_of NAME FILE
  local offset=$(sfdisk -d card.img | awk -F '[=,]' '/start=/ { print $2 * 512; exit }')
  mcopy -n -o -i card.img@@$offset "::$1" $2 || { echo "image-boot: '$1' is not in the boot file system" >&2; exit 1; }
}
has_config_txt() {
  local offset=$(sfdisk -d card.img | awk -F '[=,]' '/start=/ { print $2 * 512; exit }')
  mdir -i card.img@@$offset ::config.txt > listing 2>&1
}
root_as_initramfs() { # the second partition's files as memory.cpio.gz
  sfdisk -d card.img | awk -F '[=,]' '/start=/ { start = $2; size = $4 } END { print start, size }' > place
  read -r first sectors < place
  dd if=card.img of=root.img bs=512 skip=$first count=$sectors status=none
  mkdir tree
  debugfs -R 'rdump / tree' root.img 2> errors || { cat errors >&2; exit 1; }   # it says that it cannot chown
  sed -i "s/\\<$console\\>/$qemu_console/g" tree/etc/inittab
  printf '#!/bin/sh\nmount -t devtmpfs devtmpfs /dev\nexec /sbin/init\n' > tree/init
  chmod 0755 tree/init
  (cd tree && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1n > memory.cpio.gz
}
without_disabled_nodes() { # in the file dtb
  set -f
  for pattern in $disabled; do
    local parent=${pattern%/*}
    for node in $(fdtget -l dtb $parent); do
      case $node in ${pattern##*/}) fdtput -t s dtb $parent/$node status disabled ;; esac
    done
  done
  set +f
}
start() {
  if [ $starts != card ]; then
    local kernel dtb initramfs cmdline= prefix=
    if has_config_txt; then
      out_of config.txt config.txt
      named() { sed -n "s/^$1[= ]\([^ ]*\).*/\1/p" config.txt | tail -n 1; }
      prefix=$(named os_prefix) kernel=$(named kernel) dtb=$(named device_tree) initramfs=$(named initramfs)
      if [ -n "$initramfs" ]; then   # else it is a boot loader, which finds them
        out_of ${prefix}cmdline.txt cmdline.txt
        cmdline=$(head -n 1 cmdline.txt)
      fi
    else
      out_of extlinux/extlinux.conf extlinux.conf
      named() { sed -n "s/^ *$1 *//p" extlinux.conf | head -n 1; }
      kernel=$(named LINUX) dtb=$(named FDT) initramfs=$(named INITRD) cmdline=$(named APPEND)
    fi
    out_of $prefix$kernel kernel
    set -- "$@" -kernel kernel
    if [ -n "$dtb" ]; then
      out_of $prefix$dtb dtb
      without_disabled_nodes
      set -- "$@" -dtb dtb
    fi
    if [ $starts = memory ]; then
      [ -e memory.cpio.gz ] || root_as_initramfs
      cmdline=$(echo "$cmdline" | sed "s/console=$console,/console=$qemu_console,/; s/root=[^ ]*//")
      set -- "$@" -initrd memory.cpio.gz -append "$cmdline"
    elif [ -n "$initramfs" ]; then
      out_of $prefix$initramfs initramfs
      set -- "$@" -initrd initramfs -append "$cmdline"
    fi
  fi
  echo "$qemu $qemu_args $*"
  begin=$(date +%s) before=0
  : > console
  timeout -k 5 $((timeout * 4)) $qemu $qemu_args "$@" < keys > console 2> qemu.out &
  pid=$!
  exec 3> keys
}
log_in() {
  await 'login: $' login ask
  if [ -n "$password" ]; then
    local seen=$(said | sed -n "s/.*$password.*/\1/p" | tail -n 1)
    [ -n "$seen" ] || give_up "the console shows no password: nothing there is like $password"
    [ -z "$shown" ] || [ "$shown" = "$seen" ] || give_up "the password is '$seen', and was '$shown' when it started before"
    shown=$seen
  fi
  press "${login%%:*}"
  # Enter would be an answer, so what services say behind the question is passed over.
  await 'assword: ' "question for the password"
  press "$(printf '%s\n' "${login#*:}" | with_password)"
  await '[#$] $' shell ask
  press 'echo "swage-login-ok: $(id -un) $(uname -srm)"'
  await '^swage-login-ok: [a-z]' answer
}
check() {
  press "if $1; then echo swage-check-\"o\"k; else echo swage-check-\"f\"ailed; fi"   # so that what is typed is not what is said
  await '^swage-check-[of]' "end of: $1"
  ! said | grep -q '^swage-check-failed' || give_up "this fails in it: $1"
}
stop() {
  press 'sync && echo swage-"s"ynced'
  await '^swage-synced' sync
  press poweroff
  local left=50
  while kill -0 $pid 2> /dev/null && [ $left -gt 0 ]; do sleep 0.2; left=$((left - 1)); done
  kill $pid 2> /dev/null || true   # not every machine turns itself off
  wait $pid || true
  exec 3>&-
}
shown=
: > $out/log
for time in $(seq $boots); do
  start "$@"
  log_in
  said | sed -n 's/^swage-login-ok: //p' > $out/userland
  printf '%s\n' "$checks" | with_password > lines
  while IFS= read -r check <&4; do [ -z "$check" ] || check "$check"; done 4< lines
  stop
  tr -d '\r\0' < console | tee -a $out/log
  cat qemu.out
done
grep -m 1 'Linux version' $out/log | sed 's/^\[[^]]*\] *//' > $out/banner || echo "(no banner on this console)" > $out/banner
