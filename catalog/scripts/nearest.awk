# Of the lines that are read those nearest to `wanted` in spelling, at most five, the nearest first.
function least(a, b) { return a < b ? a : b }
function distance(a, b,    i, j, row, above, keep) { # bytes to insert, delete and change
  for (j = 0; j <= length(b); ++j) row[j] = j
  for (i = 1; i <= length(a); ++i) {
    above = row[0]
    row[0] = i
    for (j = 1; j <= length(b); ++j) {
      keep = row[j]
      row[j] = least(above + (substr(a, i, 1) != substr(b, j, 1)), 1 + least(row[j], row[j - 1]))
      above = keep
    }
  }
  return row[length(b)]
}
{ far[$0] = distance(wanted, $0); names[++count] = $0 }
END {
  for (shown = 0; shown < 5 && shown < count; ++shown) {
    best = ""
    for (i = 1; i <= count; ++i)
      if ((names[i] in far) && (best == "" || far[names[i]] < far[best])) best = names[i]
    print best
    delete far[best]
  }
}
