# uClibc-ng and the kernel's headers, in the sysroot.
#
# $src   $linux $kernel_arch   the kernel whose headers are taken      $bits
# $config   lines that replace those of the default configuration
. $script_bootstrap
. $script_kernel_headers
unpack $src source
kernel_headers $linux $kernel_arch
cd source
case $kernel_arch-$bits in
  x86-32) arch=i386 ;;
  x86-64) arch=x86_64 ;;
  *) arch=$kernel_arch ;;
esac
umake() { make ARCH=$arch CROSS_COMPILE=$target- KERNEL_HEADERS=$sysroot/usr/include RUNTIME_PREFIX=/ DEVEL_PREFIX=/usr/ "$@"; }
umake defconfig
# Where an architecture has both byte orders, the default is big, whatever the compiler does.
case $(echo __BYTE_ORDER__ | $target-gcc -E -P -) in
  4321) order=ARCH_WANTS_BIG_ENDIAN ;;
  *) order=ARCH_WANTS_LITTLE_ENDIAN ;;
esac
printf '%s\n' "$order=y" "$config" | while IFS= read -r line; do
  symbol=${line%%=*}
  [ -n "$symbol" ] || continue
  sed -i "/^$symbol=/d;/^# $symbol is not set\$/d" .config
  case $line in
    *=n) echo "# $symbol is not set" >> .config ;;
    *) echo "$line" >> .config ;;
  esac
done
yes '' | umake oldconfig > /dev/null
umake $jobs
umake PREFIX=$sysroot install
cd ..
finish
