# Unpacks a source archive and applies patches: the tree that out-of-tree builds share.
mkdir -p $out
tar -x --strip-components=1 --no-same-owner -f "$src" -C $out
for patch in ${patches-}; do
  echo "applying ${patch##*/}"
  patch -d $out -p1 < "$patch"
done
