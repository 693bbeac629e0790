# Makes the initramfs of the boot test: a static userland that loads the modules, says one line and turns the machine off.
#
# $deps_host   the userland first: busybox, or the freestanding init
# $token       what the line starts with
# $modules     what modules were built to, or ""     $uses  earlier ones that these need, words     $kernel  the kernel, for its own modules
# $params      [MODULE.]NAME=VALUE, a line each
#
# /modules/order says which files are loaded, a line each with its parameters: what a module depends on comes before it.
userland=${deps_host%% *}
mkdir -p tree/bin tree/proc tree/dev
cp -a $userland/bin/. tree/bin/

# The kernel takes - and _ in a module's name for the same.
listed() { find "$@" -name '*.ko' -o -name '*.ko.[gxz]*' | sort | awk '{ n = $0; sub(/.*\//, "", n); sub(/\.ko.*/, "", n); gsub(/-/, "_", n); print n "\t" $0 }'; }
depends() { tr '\0' '\n' < $1 | sed -n 's/^depends=//p' | tr ",-" " _"; }
add() { # add NAME WHO: after what it depends on
  case " $added " in *" $1 "*) return 0 ;; esac
  added="$added $1"
  local file base need
  file=$(awk -F '\t' -v name=$1 '$1 == name { print $2; exit }' available)
  if [ -z "$file" ]; then
    echo "error: '$2' wants the module '$1', which neither this kernel nor what was given with --uses has" >&2
    exit 1
  fi
  base=${file##*/} base=${base%%.ko*}.ko
  case $file in
    *.gz) gzip -dc $file > tree/modules/$base ;;
    *.xz) xz -dc $file > tree/modules/$base ;;
    *.zst) zstd -dcq $file > tree/modules/$base ;;
    *) cp $file tree/modules/$base ;;
  esac
  for need in $(depends tree/modules/$base); do add $need $1; done
  echo "$base$(params_of $1)" >> tree/modules/order
}
params_of() { awk -F '\t' -v name=$1 '$1 == name { printf " %s", $2 }' params; }

if [ -n "${modules-}" ]; then
  mkdir tree/modules
  listed $modules > own
  {
    cat own
    for other in $uses; do listed $other; done
    [ ! -d $kernel/lib/modules ] || listed $kernel/lib/modules
  } > available
  names=$(cut -f 1 own)
  printf '%s\n' "$params" | while IFS= read -r param; do
    name=${param%%=*}
    case $name in
      '') continue ;;
      *.*) name=$(echo "${name%%.*}" | tr - _) param=${param#*.} ;;
      *)
        name=$names
        [ $(echo "$names" | wc -l) = 1 ] || { echo "error: '$param' does not say of which module it is a parameter: write MODULE.$param" >&2; exit 1; } ;;
    esac
    printf '%s\t%s\n' "$name" "$param"
  done > params
  added=
  for name in $names; do add $name; done
  cut -f 1 params | while read -r name; do
    case " $added " in
      *" $name "*) ;;
      *) echo "error: '$name' has a parameter and is not loaded; loaded are:$added" >&2; exit 1 ;;
    esac
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
load() { # load FILE [PARAMETERS]: and says what the kernel said meanwhile
  name=\${1%.ko}
  if said=\$(insmod /modules/"\$@" 2>&1); then echo "swage-module: \$name loaded"; else
    loaded=
    echo "swage-module: \$name refused: \${said##*: }"
  fi
  dmesg -c | while IFS= read -r line; do
    case \$line in '<'*'>'*) line=\${line#*>} ;; esac
    echo "swage-module: \$name: \$line"
  done
}
if [ -e /modules/order ]; then
  dmesg -c > /dev/null
  while read -r file parameters; do
    [ -z "\$loaded" ] || load \$file \${parameters:+"\$parameters"}
  done < /modules/order
fi
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
