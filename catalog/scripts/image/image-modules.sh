# For scripts that read it: modules of a distribution's kernel, by their names.
#
# $kernel  root with the kernel     $script_name  for what it says
set -- $kernel/usr/lib/modules/*
[ $# = 1 ] && [ -d "$1" ] || { echo "$script_name: $kernel does not have the modules of one kernel" >&2; exit 1; }
tree_of_modules=$1

# The kernel takes - and _ in a module's name for the same.
find $tree_of_modules/kernel -name '*.ko*' | LC_ALL=C sort |
  awk '{ n = $0; sub(/.*\//, "", n); sub(/\.ko.*/, "", n); gsub(/-/, "_", n); print n "\t" $0 }' > available
sed 's,.*/,,; s,\.ko$,,; s,-,_,g' $tree_of_modules/modules.builtin > builtin
added=
add_module() { # add_module DIR NAME WHO: after what it depends on; DIR/order has them in the order of loading
  case " $added " in *" $2 "*) return 0 ;; esac
  added="$added $2"
  local file base need
  grep -qx "$2" builtin && return 0
  file=$(awk -F '\t' -v name="$2" '$1 == name { print $2; exit }' available)
  [ -n "$file" ] || { echo "$script_name: '$3' wants the module '$2', which the kernel does not have" >&2; exit 1; }
  base=${file##*/} base=${base%%.ko*}.ko
  case $file in
    *.xz) xz -dc $file > $1/$base ;;
    *.zst) zstd -dcq $file > $1/$base ;;
    *.gz) gzip -dc $file > $1/$base ;;
    *) cp $file $1/$base ;;
  esac
  for need in $(tr '\0' '\n' < $1/$base | sed -n 's/^depends=//p' | tr ',-' ' _'); do add_module $1 $need "$2"; done
  echo $base >> $1/order
}
add_modules() { # add_modules DIR WHO NAME...
  local directory=$1 who=$2
  shift 2
  : > $directory/order
  for module; do add_module $directory $(echo $module | tr - _) "$who"; done
}
