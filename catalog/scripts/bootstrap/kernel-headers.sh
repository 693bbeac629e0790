# The headers that user programs see of a kernel. Sourced by the C library stages of a toolchain.

kernel_headers() { # kernel_headers SOURCE ARCH: what user programs see of a kernel
  mkdir -p kernel
  if [ -d "$1" ]; then cp -a "$1/." kernel/; chmod -R u+w kernel
  else
    source=$1 arch=$2
    set --
    # Some architectures make tools of theirs first (mips: arch/mips/boot/tools).
    for part in drivers Documentation sound fs tools samples net crypto security 'arch/*/boot/[!t]*' 'arch/*/configs' 'arch/*/mach-*'; do
      set -- "$@" "--exclude=*/$part"
    done
    tar -x --anchored --no-wildcards-match-slash "$@" --strip-components=1 --no-same-owner -f "$source" -C kernel
    set -- "$source" $arch
  fi
  make -C kernel ARCH=$2 INSTALL_HDR_PATH=$sysroot/usr headers_install
  find $sysroot/usr/include -name '..install.cmd' -o -name '.install' -o -name '.check' | xargs rm -f
}
