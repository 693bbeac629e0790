# Unpacks a source archive, or copies a tree, and changes it: the tree that out-of-tree builds share.
#
# $src       an archive or a directory      $script_unpack $archives   see unpack.sh
# $patches   patch files, in order; one that the tree already has is passed over
# $edits     a line for each change: sed<TAB>FILE<TAB>SCRIPT, or copy<TAB>FILE<TAB>FROM, which makes FILE unless it is there.
#            FILE may be a shell pattern. What changes nothing is said, not an error: a release may have the fix.
. $script_unpack
unpack_source "$src" $out
try_patch() { # try_patch FILE OPTION...: whether it would apply
  file=$1
  shift
  patch -d $out -p1 -f -s --dry-run "$@" < "$file" > /dev/null
}
for patch in ${patches-}; do
  name=$(patch_name "$patch")
  check_patch "$patch"
  if try_patch "$patch"; then
    echo "patch: $name"
    patch -d $out -p1 -f -s --no-backup-if-mismatch < "$patch"
  elif try_patch "$patch" -R; then
    echo "patch: $name: the tree has it"
  else
    echo "patch: '$name' does not apply" >&2
    exit 1
  fi
done
tab=$(printf '\t')
printf '%s\n' "${edits-}" | while IFS=$tab read -r kind pattern rest; do
  for file in $out/$pattern; do
    name=${file#"$out/"}
    case $kind in
      sed)
        [ -f "$file" ] || { echo "edit: $name: not there"; continue; }
        sed "$rest" "$file" > edited
        if cmp -s edited "$file"; then
          echo "edit: $name: nothing to change"
        else
          echo "edit: $name: $rest"
          cat edited > "$file"
        fi ;;
      copy)
        if [ -e "$file" ]; then
          echo "edit: $name: already there"
        elif [ -e "$out/$rest" ]; then
          echo "edit: $name: a copy of $rest"
          cp "$out/$rest" "$file"
        else
          echo "edit: $rest: not there"
        fi ;;
    esac
  done
done
