# Makes programs of the host platform runnable in this namespace: the kernel starts them with qemu-user. Sourced.
#
# $elf_machine $elf_class $endian   what their files say      $emulator $emulators   see check-package.sh      $busybox
# Needs Linux 6.7 or newer, where a user namespace has a binfmt_misc of its own. Magic and mask are text escapes, since a raw zero
# would end them: the header up to e_machine, of which the bits that tell an executable from a shared object and the ABI do not matter.
byte() { printf '\\x%02x' "$1"; }
half() { # a 16-bit number in the platform's byte order
  if [ $endian = little ]; then byte $(($1 % 256)); byte $(($1 / 256)); else byte $(($1 / 256)); byte $(($1 % 256)); fi
}
case $endian in
  little) data=1 type_mask='\xfe\xff' ;;
  *) data=2 type_mask='\xff\xfe' ;;
esac
zeros='\x00\x00\x00\x00\x00\x00\x00\x00'
magic='\x7f\x45\x4c\x46'$(byte $((elf_class / 32)))$(byte $data)'\x01\x00'$zeros$(half 2)$(half $elf_machine)
mask='\xff\xff\xff\xff\xff\xff\xff\x00'$zeros$type_mask'\xff\xff'
$busybox mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc ||
  { echo "programs of $host_triple cannot be run: this kernel has no binfmt_misc for namespaces (Linux 6.7 has)" >&2; exit 1; }
echo ":swage:M::$magic:$mask:$emulators/usr/bin/qemu-$emulator:F" > /proc/sys/fs/binfmt_misc/register
